// "gRPC is about twice as fast as Wasm over HTTP": what of it is encoding, what transport, what batching.
import { ratiosOf } from '../bench/statistics.ts'
import { tableOf, type Table } from './tables.ts'

/** A figure of gRPC and the one of Wasm over HTTP beside it; `speed` is larger when faster, `time` when slower. */
type Pair = [title: string, table: string, grpc: Address, wasm: Address, of: 'speed' | 'time']
type Address = [row: string, column: string]

const pairs: Record<string, Pair> = {
  encoding: ['encoding alone', 'encoding', ['js', 'micros'], ['wasm', 'micros'], 'time'],
  'transport-b1': [
    'transport alone, stream, batches of 1',
    'transport',
    ['grpc', 'b1'],
    ['hop-http', 'b1'],
    'time',
  ],
  'transport-unary': [
    'transport alone, unary, batches of 1',
    'transport',
    ['grpc-unary', 'b1'],
    ['hop-http', 'b1'],
    'time',
  ],
  'transport-b100': [
    'transport alone, stream, batches of 100',
    'transport',
    ['grpc', 'b100'],
    ['hop-http', 'b100'],
    'time',
  ],
  c4: ['whole route, 4 clients', 'throughput', ['grpc', 'c4'], ['wasm', 'c4'], 'speed'],
  job: ['whole route, 1,010 requests by 4 users', 'throughput', ['grpc', 'job'], ['wasm', 'job'], 'speed'],
  c10: ['whole route, 10 clients', 'throughput', ['grpc', 'c10'], ['wasm', 'c10'], 'speed'],
  c64: ['whole route, 64 clients', 'throughput', ['grpc', 'c64'], ['wasm', 'c64'], 'speed'],
  c256: ['whole route, 256 clients', 'throughput', ['grpc', 'c256'], ['wasm', 'c256'], 'speed'],
  group: ['a call per event', 'batching', ['group', 'grpc'], ['group', 'wasm'], 'speed'],
  each: ['a call and an append per event', 'batching', ['each', 'grpc'], ['each', 'wasm'], 'speed'],
  'producer-each': [
    'a call and a new producer per event',
    'batching',
    ['producer-each', 'grpc'],
    ['producer-each', 'wasm'],
    'speed',
  ],
  unlike: [
    'gRPC with group commit, Wasm with a producer per event',
    'batching',
    ['commit', 'grpc'],
    ['producer-each', 'wasm'],
    'speed',
  ],
}

/** From here on "about twice" is a fair word. */
const ABOUT_TWICE = 1.7

/** How many times as fast gRPC is, of what was measured; undefined when nothing was. */
export function claimOf(tables: Record<string, Table>): Table | undefined {
  const rounds = (table: string, [row, column]: Address) => tables[table]?.rows[row]?.cells[column]?.rounds
  const ratios = Object.entries(pairs).flatMap(([name, [title, table, grpc, wasm, of]]) => {
    const [ours, theirs] = [rounds(table, grpc), rounds(table, wasm)]
    if (!ours || !theirs) return []
    return [
      [name, { title, rounds: of === 'speed' ? ratiosOf(ours, theirs) : ratiosOf(theirs, ours) }] as const,
    ]
  })
  if (ratios.length === 0) return undefined
  const measured = Object.fromEntries(ratios)
  const claim = tableOf({
    title: 'How many times as fast is gRPC as Wasm over HTTP?',
    columns: { ratio: { title: 'gRPC ÷ Wasm over HTTP', unit: 'times' } },
    rows: Object.fromEntries(ratios.map(([name, { title }]) => [name, title])),
    plots: [{ title: 'gRPC ÷ Wasm over HTTP', columns: ['ratio'], scale: 'log' }],
    remarks: [],
    cells: (name) => measured[name]!.rounds,
  })
  claim.remarks.push(
    'round by round: gRPC’s figure divided by the other’s, so that above 1 gRPC is faster',
    `“about twice as fast” (${ABOUT_TWICE} or more) holds for: ${holdsFor(claim)}`,
  )
  return claim
}

function holdsFor({ rows }: Table): string {
  const where = Object.values(rows).filter(({ cells }) => cells['ratio']!.median >= ABOUT_TWICE)
  return where.length === 0 ? 'nothing that was measured' : where.map(({ title }) => title).join('; ')
}
