// Whole routes, from the intake to the stores.
import type { Part } from './duel.ts'
import { holdContest, type Contestant } from './contest.ts'
import { startField } from './field.ts'
import { routeNames, routeTitles, startRoute } from './routes.ts'

export const measureWhole: Part = async (duel, defer) => {
  const name = duel.uniqueName('duel')
  const field = await startField(defer, duel, name)
  const contestants = new Map<string, Contestant>()
  for (const route of routeNames) {
    const running = await startRoute(defer, duel, route, { name })
    contestants.set(route, { ...running, title: routeTitles[route], mayLose: route === 'redis-pubsub' })
  }
  return holdContest(duel, {
    field,
    contestants,
    own: 'intake and receiver',
    remarks: ['a 202 of Redis pub/sub or a stream comes before Kafka has the event'],
  })
}
