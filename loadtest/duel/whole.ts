// Whole routes, from the intake to the stores.
import type { Part } from './duel.ts'
import { holdContest } from './contest.ts'
import { startField } from './field.ts'
import { routeNames, routeTitles, startRoute, type RunningRoute } from './routes.ts'

export const measureWhole: Part = async (duel, defer) => {
  const name = duel.uniqueName('duel')
  const field = await startField(defer, duel, name)
  const contestants = new Map<string, RunningRoute & { title: string }>()
  for (const route of routeNames) {
    const running = await startRoute(defer, duel, route, { name })
    contestants.set(route, { ...running, title: routeTitles[route] })
  }
  return holdContest(duel, {
    field,
    contestants,
    own: 'intake and receiver',
    remarks: ['a 202 of Redis pub/sub or a stream comes before Kafka has the event'],
  })
}
