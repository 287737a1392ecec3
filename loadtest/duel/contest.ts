// A contest: closed loops of so many clients, the source systems' own job and an open loop, for each contestant in turn.
import { percentileOf } from '../bench/statistics.ts'
import type { Duel } from './duel.ts'
import type { Field } from './field.ts'
import type { RunningRoute } from './routes.ts'
import type { Load } from './sender.ts'
import { tableOf, type Table } from './tables.ts'
import { takeTurn, type Turn } from './turn.ts'

const CLIENTS = [4, 10, 64, 256] as const
/** What the source systems' load test does: 1,010 requests by 4 users. */
const JOB = { clients: 4, requests: 1_010 }
/** Requests a second that every route with group commit keeps up with on two cores. */
const OPEN_RATE = 1_000
const OPEN_CLIENTS = 256
/** Fewer requests than that have no 99.9th percentile. */
const ENOUGH_FOR_P999 = 1_000
/** A load that ends by its number of requests has this long. */
const JOB_SECONDS = 20
/** A contestant is warm after so many at either number of clients, or when the time for that is over. */
const WARM_UP_REQUESTS = 3_000
const WARM_UP_CLIENTS = [64, 4]

const full = { most: 5, least: 2, closedSeconds: 1.2, openSeconds: 3, warmUpSeconds: 3 }
const quick = { most: 1, least: 1, closedSeconds: 0.4, openSeconds: 1, warmUpSeconds: 0.3 }

type Kind = `c${(typeof CLIENTS)[number]}` | 'job' | 'open'
type Shape = Omit<Load, 'url'> & { sampled?: boolean }

export type Contest = {
  field: Field
  contestants: ReadonlyMap<string, RunningRoute & { title: string }>
  /** What a contestant's own processes are, for the table of costs. */
  own: string
  remarks: string[]
}

/** As many rounds as the time allows, two at least. */
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
    if (rounds >= settings.least && performance.now() + roundMs > duel.endAt) break
    for (const [kind, shape] of Object.entries(kindsOf(settings))) {
      say(`round ${rounds + 1}: ${kind}`)
      for (const name of rounds % 2 === 0 ? names : names.toReversed()) {
        const results = turns.get(`${name} ${kind}`) ?? []
        turns.set(`${name} ${kind}`, [...results, await turn(name, shape)])
      }
    }
  }
  return tablesOf(contest, (name, kind) => turns.get(`${name} ${kind}`)!, rounds, settings)
}

function kindsOf({ closedSeconds, openSeconds }: typeof full): Record<Kind, Shape> {
  const closed = (clients: number): Shape => ({ clients, seconds: closedSeconds })
  return {
    c4: closed(4),
    c10: closed(10),
    c64: closed(64),
    c256: closed(256),
    job: { ...JOB, seconds: JOB_SECONDS },
    open: {
      clients: OPEN_CLIENTS,
      rate: OPEN_RATE,
      requests: OPEN_RATE * openSeconds,
      seconds: openSeconds + 1,
      sampled: true,
    },
  }
}

const perSecond = ({ report }: Turn) => report.accepted / report.seconds
const ack =
  (percentile: 'p50' | 'p99' | 'p999') =>
  ({ report }: Turn) =>
    percentile === 'p999' && report.accepted < ENOUGH_FOR_P999 ? undefined : report.latencyMs[percentile]
const cpuPerThousand =
  (whose: 'own' | 'all') =>
  ({ cpu, events }: Turn) =>
    cpu && (cpu[whose] / events) * 1_000
const visible =
  (store: 'redis' | 'mongodb', percentile: number) =>
  ({ seen }: Turn) =>
    seen && percentileOf(seen[store].sinceSentMs, percentile)

type Figure = [title: string, unit: string, kind: Kind, of: (turn: Turn) => number | undefined]

function tablesOf(
  { contestants, own, remarks: contestRemarks }: Contest,
  turns: (name: string, kind: Kind) => Turn[],
  rounds: number,
  { closedSeconds, openSeconds }: typeof full,
): Record<string, Table> {
  const rowTitles = Object.fromEntries([...contestants].map(([name, { title }]) => [name, title]))
  const table = (title: string, figures: Record<string, Figure>, plots: Table['plots'], remarks: string[]) =>
    tableOf({
      title,
      columns: Object.fromEntries(
        Object.entries(figures).map(([name, [text, unit]]) => [name, { title: text, unit }]),
      ),
      rows: rowTitles,
      plots,
      remarks,
      cells: (route, column) => {
        const [, , kind, of] = figures[column]!
        return turns(route, kind).map(of)
      },
    })
  const closedKinds = CLIENTS.map((clients) => [`c${clients}`, `${clients} clients`] as const)
  const acks = (kind: Kind): Record<string, Figure> => ({
    p50: ['p50', 'ms', kind, ack('p50')],
    p99: ['p99', 'ms', kind, ack('p99')],
    p999: ['p99.9', 'ms', kind, ack('p999')],
  })
  const linear = (title: string, ...columns: string[]) => ({ title, columns, scale: 'linear' as const })
  const log = (title: string, ...columns: string[]) => ({ title, columns, scale: 'log' as const })
  const closed = Object.fromEntries(
    [...closedKinds, ['job', '1,010 by 4'] as const].map(([kind, title]): [string, Figure] => [
      kind,
      [title, 'events/s', kind, perSecond],
    ]),
  )
  const tables: Record<string, Table> = {
    throughput: table(
      'Accepted a second, closed loop',
      closed,
      Object.entries(closed).map(([kind, [title]]) => linear(`Throughput, ${title}`, kind)),
      [`${rounds} rounds of ${closedSeconds} s, in turn, forwards and backwards`, ...contestRemarks],
    ),
  }
  for (const [kind, title] of [...closedKinds, ['job', '1,010 requests by 4 users'] as const])
    tables[`ack-${kind}`] = table(
      `Acknowledgement, ${title}`,
      acks(kind),
      [log(`Acknowledgement, ${title}`, 'p50', 'p99', 'p999')],
      [],
    )
  tables['open'] = table(
    `Open loop, ${OPEN_RATE.toLocaleString('en-US')} a second for ${openSeconds} s`,
    {
      ...acks('open'),
      rate: ['accepted', 'events/s', 'open', perSecond],
      'redis-p50': ['in Redis, p50', 'ms', 'open', visible('redis', 50)],
      'redis-p99': ['in Redis, p99', 'ms', 'open', visible('redis', 99)],
      'mongodb-p50': ['in MongoDB, p50', 'ms', 'open', visible('mongodb', 50)],
      'mongodb-p99': ['in MongoDB, p99', 'ms', 'open', visible('mongodb', 99)],
    },
    [
      log('Acknowledgement, open loop', 'p50', 'p99', 'p999'),
      log('Request to visible in Redis', 'redis-p50', 'redis-p99'),
      log('Request to visible in MongoDB', 'mongodb-p50', 'mongodb-p99'),
    ],
    [
      'latency counts from when a request was due; a sample each 10 ms beside the load shows when it is visible',
    ],
  )
  tables['cost'] = table(
    'CPU per 1,000 events, and losses',
    {
      'open-route': [`${own}, open loop`, 's', 'open', cpuPerThousand('own')],
      'open-all': ['all, open loop', 's', 'open', cpuPerThousand('all')],
      'c64-route': [`${own}, 64 clients`, 's', 'c64', cpuPerThousand('own')],
      'c64-all': ['all, 64 clients', 's', 'c64', cpuPerThousand('all')],
    },
    [linear('CPU, open loop', 'open-route', 'open-all'), linear('CPU, 64 clients', 'c64-route', 'c64-all')],
    ['until the last event is in every store; user and system time; all: with log, stores and their readers'],
  )
  const all = (route: string) => (Object.keys(kindsOf(full)) as Kind[]).map((kind) => turns(route, kind))
  tables['losses'] = tableOf({
    title: 'Accepted, and lost',
    columns: {
      accepted: { title: 'accepted', unit: 'events' },
      refused: { title: 'not accepted', unit: 'requests' },
      lost: { title: 'lost', unit: 'events' },
    },
    rows: rowTitles,
    plots: [],
    remarks: [
      'a round is all its loads together; lost: accepted, and missing from the log or a store when nothing moves any more',
    ],
    cells: (route, column) =>
      Array.from({ length: rounds }, (_, round) =>
        all(route).reduce((sum, kind) => {
          const { report, lost } = kind[round]!
          if (column === 'lost') return sum + lost
          return sum + (column === 'accepted' ? report.accepted : report.sent - report.accepted)
        }, 0),
      ),
  })
  return tables
}
