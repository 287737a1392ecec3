// Whole routes, intake to stores: closed loops of so many clients, the source systems' own job, an open loop.
import type { Started } from '../bench/programs.ts'
import { endpointsOf, startHop } from '../bench/programs.ts'
import type { Defer } from '../bench/releases.ts'
import { percentileOf } from '../bench/statistics.ts'
import { openTopics } from '../bench/topics.ts'
import type { Duel } from './duel.ts'
import { routeNames, routeTitles, startRoute, type RouteName, type RunningRoute } from './routes.ts'
import type { Load } from './sender.ts'
import { openStores } from './stores.ts'
import { tableOf, type Table } from './tables.ts'
import { takeTurn, type Field, type Turn } from './turn.ts'

const CLIENTS = [4, 10, 64, 256] as const
/** What the source systems' load test does: 1,010 requests by 4 users. */
const JOB = { clients: 4, requests: 1_010 }
/** Requests a second that every route with group commit keeps up with on two cores. */
export const OPEN_RATE = 1_000
const OPEN_CLIENTS = 256
/** Fewer requests than that have no 99.9th percentile. */
const ENOUGH_FOR_P999 = 1_000

const full = { most: 5, least: 2, closedSeconds: 1.2, openSeconds: 3, warmUpSeconds: 3 }
const quick = { most: 1, least: 1, closedSeconds: 0.4, openSeconds: 1, warmUpSeconds: 0.3 }
/** A route is warm after so many, or when the time for that is over. */
const WARM_UP_REQUESTS = 6_000
/** A load that ends by its number of requests has this long. */
const JOB_SECONDS = 20

type Kind = `c${(typeof CLIENTS)[number]}` | 'job' | 'open'
type Shape = Omit<Load, 'url'> & { sampled?: boolean }

/** The readers of the log behind all routes. */
export async function startField(defer: Defer, duel: Duel, name: string): Promise<Field> {
  const { stack, pipeline } = duel
  const topics = await openTopics(defer, stack.kafkaBrokers)
  await topics.create(name, pipeline.topic.partitions)
  const { topic, redis, database } = endpointsOf(stack)
  const hop = { event: pipeline.event, pipeline: name, partitions: pipeline.topic.partitions }
  const reader = (own: string, to: string): Promise<Started> =>
    startHop(defer, { ...hop, name: own, from: `${topic(name)}?group=${name}-${own}`, to })
  const readers = await Promise.all([reader('archiver', database(name)), reader('live-writer', redis)])
  const stores = await openStores(defer, duel, topics, name)
  return { stores, behind: [...readers.map(({ pid }) => pid), ...Object.values(stack.pids)] }
}

export async function measureWhole(duel: Duel, defer: Defer): Promise<Record<string, Table>> {
  const { say } = duel
  const settings = duel.quick ? quick : full
  const name = duel.uniqueName('duel')
  const field = await startField(defer, duel, name)
  const running = new Map<RouteName, RunningRoute>()
  for (const route of routeNames) running.set(route, await startRoute(defer, duel, route, { name }))
  const turn = (route: RouteName, shape: Shape) => takeTurn(duel, field, running.get(route)!, shape)

  say('warming up')
  for (const clients of [64, 4])
    for (const route of routeNames)
      await turn(route, { clients, requests: WARM_UP_REQUESTS / 2, seconds: settings.warmUpSeconds })

  const kinds = kindsOf(settings)
  const turns = new Map<string, Turn[]>()
  const began = performance.now()
  let rounds = 0
  for (; rounds < settings.most; rounds++) {
    // A round takes as long as the one before, and a little more as the stores fill.
    const roundMs = rounds === 0 ? 0 : ((performance.now() - began) / rounds) * 1.1
    if (rounds >= settings.least && performance.now() + roundMs > duel.endAt) break
    for (const [kind, shape] of Object.entries(kinds)) {
      say(`round ${rounds + 1}: ${kind}`)
      for (const route of rounds % 2 === 0 ? routeNames : routeNames.toReversed()) {
        const results = turns.get(`${route} ${kind}`) ?? []
        turns.set(`${route} ${kind}`, [...results, await turn(route, shape)])
      }
    }
  }
  return tablesOf((route, kind) => turns.get(`${route} ${kind}`)!, rounds, settings)
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
  (whose: 'route' | 'all') =>
  ({ cpu, events }: Turn) =>
    cpu && (cpu[whose] / events) * 1_000
const visible =
  (store: 'redis' | 'mongodb', percentile: number) =>
  ({ seen }: Turn) =>
    seen && percentileOf(seen[store].sinceSentMs, percentile)

type Figure = [title: string, unit: string, kind: Kind, of: (turn: Turn) => number | undefined]

function tablesOf(
  turns: (route: RouteName, kind: Kind) => Turn[],
  rounds: number,
  { closedSeconds, openSeconds }: typeof full,
): Record<string, Table> {
  const table = (title: string, figures: Record<string, Figure>, plots: Table['plots'], remarks: string[]) =>
    tableOf({
      title,
      columns: Object.fromEntries(
        Object.entries(figures).map(([name, [text, unit]]) => [name, { title: text, unit }]),
      ),
      rows: routeTitles,
      plots,
      remarks,
      cells: (route, column) => {
        const [, , kind, of] = figures[column]!
        return turns(route as RouteName, kind).map(of)
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
      [
        `${rounds} rounds of ${closedSeconds} s, in turn, forwards and backwards`,
        'a 202 of Redis pub/sub or a stream comes before Kafka has the event',
      ],
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
      'open-route': ['intake and receiver, open loop', 's', 'open', cpuPerThousand('route')],
      'open-all': ['with log, stores and readers', 's', 'open', cpuPerThousand('all')],
      'c64-route': ['intake and receiver, 64 clients', 's', 'c64', cpuPerThousand('route')],
      'c64-all': ['with log, stores and readers', 's', 'c64', cpuPerThousand('all')],
    },
    [linear('CPU, open loop', 'open-route', 'open-all'), linear('CPU, 64 clients', 'c64-route', 'c64-all')],
    ['until the last event is in every store; user and system time'],
  )
  const all = (route: RouteName) => (Object.keys(kindsOf(full)) as Kind[]).map((kind) => turns(route, kind))
  tables['losses'] = tableOf({
    title: 'Accepted, and lost',
    columns: {
      accepted: { title: 'accepted', unit: 'events' },
      refused: { title: 'not accepted', unit: 'requests' },
      lost: { title: 'lost', unit: 'events' },
    },
    rows: routeTitles,
    plots: [],
    remarks: [
      'a round is all its loads together; lost: accepted, and missing from the log or a store when nothing moves any more',
    ],
    cells: (route, column) =>
      Array.from({ length: rounds }, (_, round) =>
        all(route as RouteName).reduce((sum, kind) => {
          const { report, lost } = kind[round]!
          if (column === 'lost') return sum + lost
          return sum + (column === 'accepted' ? report.accepted : report.sent - report.accepted)
        }, 0),
      ),
  })
  return tables
}
