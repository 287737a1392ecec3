// A contest: closed loops of so many clients, the source systems' own job and an open loop, for each contestant in turn.
import type { Duel } from './duel.ts'
import type { Field } from './field.ts'
import type { RunningRoute } from './routes.ts'
import { full, kindsOf, quick, type Shape } from './loads.ts'
import { tablesOf } from './contest-tables.ts'
import type { Table } from './tables.ts'
import { takeTurn, type Turn } from './turn.ts'

/** A contestant is warm after so many at either number of clients, or when the time for that is over. */
const WARM_UP_REQUESTS = 3_000
const WARM_UP_CLIENTS = [64, 4]

export type Contestant = RunningRoute & {
  title: string
  /** It loses events by its nature; any other that does fails. */
  mayLose?: boolean
}

export type Contest = {
  field: Field
  contestants: ReadonlyMap<string, Contestant>
  /** What a contestant's own processes are, for the table of costs. */
  own: string
  remarks: string[]
}

/** As many rounds as the time allows. */
export async function holdContest(duel: Duel, contest: Contest): Promise<Record<string, Table>> {
  const { say } = duel
  const { field, contestants } = contest
  const settings = duel.quick ? quick : full
  const names = [...contestants.keys()]
  const turn = (name: string, shape: Shape) => takeTurn(duel, field, contestants.get(name)!, shape)

  say('warming up')
  const warmUp = { requests: WARM_UP_REQUESTS, seconds: settings.warmUpSeconds }
  for (const clients of WARM_UP_CLIENTS) for (const name of names) await turn(name, { ...warmUp, clients })

  const turns = new Map<string, Turn[]>()
  const began = performance.now()
  let rounds = 0
  for (; rounds < settings.most; rounds++) {
    // A round takes as long as those before, and a little more as the stores fill.
    const roundMs = rounds === 0 ? 0 : ((performance.now() - began) / rounds) * 1.1
    if (rounds > 0 && performance.now() + roundMs > duel.endAt) break
    for (const [kind, shape] of Object.entries(kindsOf(settings))) {
      say(`round ${rounds + 1}: ${kind}`)
      for (const name of rounds % 2 === 0 ? names : names.toReversed()) {
        const results = turns.get(`${name} ${kind}`) ?? []
        turns.set(`${name} ${kind}`, [...results, await turn(name, shape)])
      }
    }
  }
  for (const [name, { title, mayLose = false }] of contestants) {
    const lost = Object.keys(kindsOf(settings)).flatMap((kind) =>
      turns.get(`${name} ${kind}`)!.map((one) => one.lost),
    )
    const sum = lost.reduce((all, count) => all + count, 0)
    if (sum > 0 && !mayLose) duel.fail({ title, error: `${sum} accepted events are not in log and stores` })
  }
  return tablesOf(contest, (name, kind) => turns.get(`${name} ${kind}`)!, rounds, settings)
}
