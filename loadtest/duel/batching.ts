// Batching alone: the same route with group commit, with a call per event, with an append per event, and with a
// producer per event; over gRPC, and as Wasm over HTTP.
import { takeTurns } from '../bench/turns.ts'
import type { Part } from './duel.ts'
import { startField } from './field.ts'
import { startOneByOne, type OneByOne } from './one-by-one.ts'
import { startRoute, type RunningRoute } from './routes.ts'
import { takeTurn } from './turn.ts'
import { tableOf } from './tables.ts'

/** As many as the source systems' command line asks for. */
const CLIENTS = 10
const full = { rounds: 4, seconds: 0.8, warmUpRequests: 3_000 }
const quick = { rounds: 1, seconds: 0.4, warmUpRequests: 200 }
/** A warm-up ends by its requests, or then. */
const WARM_UP_SECONDS = 2.5

const steps = {
  commit: 'group commit: what waits is one call and one append',
  group: 'a call per event; what waits is one append',
  each: 'a call and an append per event',
  'producer-each': 'a call and a new producer per event',
}
const columns = {
  grpc: { title: 'gRPC', unit: 'events/s' },
  wasm: { title: 'Wasm over HTTP', unit: 'events/s' },
}
type Step = keyof typeof steps
type Way = keyof typeof columns

export const measureBatching: Part = async (duel, defer) => {
  const { say } = duel
  const { rounds, seconds, warmUpRequests } = duel.quick ? quick : full
  const name = duel.uniqueName('batching')
  const field = await startField(defer, duel, name)
  const ends: Record<Way, Omit<OneByOne, 'append'>> = {
    grpc: { link: 'grpc' },
    wasm: { link: 'hop-http', encode: 'wasm' },
  }
  const running = new Map<string, RunningRoute>()
  const names = (Object.keys(steps) as Step[]).flatMap((step) =>
    (Object.keys(columns) as Way[]).map((way) => `${step} ${way}` as const),
  )
  for (const contestant of names) {
    const [append, way] = contestant.split(' ') as [Step, Way]
    const route =
      append === 'commit'
        ? startRoute(defer, duel, way, { name })
        : startOneByOne(defer, duel, { ...ends[way], append }, { name })
    running.set(contestant, await route)
  }
  for (const contestant of names) {
    say(`warming up: ${contestant}`)
    const load = { clients: CLIENTS, requests: warmUpRequests, seconds: WARM_UP_SECONDS }
    await takeTurn(duel, field, running.get(contestant)!, load)
  }
  const results = await takeTurns(
    rounds,
    names,
    async (contestant) => {
      const { report } = await takeTurn(duel, field, running.get(contestant)!, { clients: CLIENTS, seconds })
      return report.accepted / report.seconds
    },
    say,
  )
  return {
    batching: tableOf({
      title: `Batching alone: ${CLIENTS} clients, the same route with less and less of it`,
      columns,
      rows: steps,
      plots: [
        { title: 'Accepted a second, by what is batched', columns: Object.keys(columns), scale: 'log' },
      ],
      remarks: [
        `${rounds} rounds of ${seconds} s; a new producer per event is what the source system’s Wasm route did`,
      ],
      cells: (step, way) => results[`${step as Step} ${way as Way}`],
    }),
  }
}
