// A contest: closed loops of so many clients, the source systems' own job and an open loop, for each contestant in turn.
import type { Duel } from './duel.ts'
import type { Field } from './field.ts'
import type { RunningRoute } from './routes.ts'
import { full, kindsOf, quick, type Settings, type Shape } from './loads.ts'
import { tablesOf } from './contest-tables.ts'
import type { Table } from './tables.ts'
import { takeTurn, type Turn } from './turn.ts'

/** A contestant is warm after so many at either number of clients, or when the time for that is over. */
const WARM_UP_REQUESTS = 3_000
const WARM_UP_CLIENTS = [64, 4]
/** A round may take so much longer than the one before: other work on the machine, and stores that fill. */
const SLOWER = 1.4

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

/** As many rounds as the time allows; the last one may lack some of its loads. */
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
  const of = (name: string, kind: string) => turns.get(`${name} ${kind}`) ?? []
  const tookMs = new Map<string, number>()
  for (const { round, kind, shape } of everyRound(settings)) {
    const began = performance.now()
    if (began + (tookMs.get(kind) ?? 0) * SLOWER > duel.endAt) break
    say(`round ${round}: ${kind}`)
    for (const name of round % 2 === 1 ? names : names.toReversed())
      turns.set(`${name} ${kind}`, [...of(name, kind), await turn(name, shape)])
    tookMs.set(kind, performance.now() - began)
  }
  for (const [name, { title, mayLose = false }] of contestants) {
    const lost = Object.keys(kindsOf(settings)).flatMap((kind) => of(name, kind).map((one) => one.lost))
    const sum = lost.reduce((all, count) => all + count, 0)
    if (sum > 0 && !mayLose) duel.fail({ title, error: `${sum} accepted events are not in log and stores` })
  }
  return tablesOf(contest, of, settings)
}

function everyRound(settings: Settings) {
  return Array.from({ length: settings.most }, (_, index) =>
    Object.entries(kindsOf(settings)).map(([kind, shape]) => ({ round: index + 1, kind, shape })),
  ).flat()
}
