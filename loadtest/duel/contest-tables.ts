// What a contest's turns come to.
import { percentileOf } from '../bench/statistics.ts'
import type { Contest } from './contest.ts'
import { CLIENTS, kindsOf, OPEN_RATE, type Kind, type Settings } from './loads.ts'
import { tableOf, type Table } from './tables.ts'
import type { Turn } from './turn.ts'

/** Fewer requests than that have no 99.9th percentile. */
const ENOUGH_FOR_P999 = 1_000
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

/** `turns` are those of a contestant at a kind of load, one a round. */
export function tablesOf(
  { contestants, own, remarks: contestRemarks }: Contest,
  turns: (name: string, kind: Kind) => Turn[],
  settings: Settings,
): Record<string, Table> {
  const { closedSeconds, openSeconds } = settings
  const rounds = turns([...contestants.keys()][0]!, 'c4').length
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
      [
        `${rounds} rounds of ${closedSeconds} s, in turn, forwards and backwards; the last may lack some loads`,
        ...contestRemarks,
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
    'CPU per 1,000 events',
    {
      'open-route': [`${own}, open loop`, 's', 'open', cpuPerThousand('own')],
      'open-all': ['all, open loop', 's', 'open', cpuPerThousand('all')],
      'c64-route': [`${own}, 64 clients`, 's', 'c64', cpuPerThousand('own')],
      'c64-all': ['all, 64 clients', 's', 'c64', cpuPerThousand('all')],
    },
    [linear('CPU, open loop', 'open-route', 'open-all'), linear('CPU, 64 clients', 'c64-route', 'c64-all')],
    ['until the last event is in every store; user and system time; all: with log, stores and their readers'],
  )
  const none = { report: { accepted: 0, sent: 0 }, lost: 0 }
  const all = (route: string) => (Object.keys(kindsOf(settings)) as Kind[]).map((kind) => turns(route, kind))
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
          const { report, lost } = kind[round] ?? none
          if (column === 'lost') return sum + lost
          return sum + (column === 'accepted' ? report.accepted : report.sent - report.accepted)
        }, 0),
      ),
  })
  return tables
}
