// A report for tests, with all that plots can have: one and several columns, both scales, gaps, a single round.
import { tableOf, type Table } from './tables.ts'

const rates: Record<string, number[]> = { a: [9_500, 12_000, 11_000], b: [400], '<c>': [0, 3_333, 1_250.5] }
const latencies: Record<string, Record<string, number[]>> = {
  a: { p50: [0.21, 0.2, 0.25], p99: [3, 90, 4] },
  b: { p50: [7], p99: [1_810.4] },
  '<c>': { p50: [1.5, 1.4] },
}
const rows = { a: 'gRPC', b: 'HTTP & more', '<c>': '</script> "C"' }

export const sampleTables: Record<string, Table> = {
  throughput: tableOf({
    title: 'Accepted a second',
    columns: { rate: { title: 'accepted', unit: 'events/s' } },
    rows,
    plots: [{ title: 'Throughput', columns: ['rate'], scale: 'linear' }],
    remarks: [],
    cells: (row) => rates[row]!,
  }),
  ack: tableOf({
    title: 'Acknowledgement',
    columns: { p50: { title: 'p50', unit: 'ms' }, p99: { title: 'p99', unit: 'ms' } },
    rows,
    plots: [
      { title: 'Acknowledgement', columns: ['p50', 'p99'], scale: 'log' },
      { title: 'Median', columns: ['p50'], scale: 'linear' },
    ],
    remarks: ['a remark'],
    cells: (row, column) => latencies[row]![column] ?? [],
  }),
}

export const sampleJson = JSON.stringify({
  title: 'A sample',
  startedAt: '2026-11-21T12:00:00.000Z',
  seconds: 1,
  quick: false,
  machine: { cpu: 'a', cores: 2, node: 'v22', system: 'linux' },
  engines: {},
  tables: sampleTables,
  failures: [{ title: 'wire', error: 'a <b> & "c"' }],
})
