// Transport alone: batches that were encoded before, one after the other, to a receiver that answers at once.
import { endpointsOf, startProgram } from '../bench/programs.ts'
import { readGroupCpu } from '../bench/cpu.ts'
import { findFreePort } from '../../local/ports.ts'
import { formatNumber } from '../bench/report.ts'
import { takeTurns } from '../bench/turns.ts'
import type { Part } from './duel.ts'
import { tableOf, type Table } from './tables.ts'

export const BATCH_SIZES = [1, 10, 100, 500] as const
const full = { rounds: 4, turnMs: 150 }
const quick = { rounds: 1, turnMs: 60 }

export const linkTitles = {
  grpc: 'gRPC stream, connect-node',
  'grpc-js': 'gRPC stream, grpc-js',
  'grpc-unary': 'gRPC unary, connect-node',
  connect: 'Connect unary, HTTP/1.1',
  ws: 'WebSocket',
  'hop-http': 'HTTP/1.1 POST',
  'redis-pubsub': 'Redis PUBLISH',
  'redis-stream': 'Redis XADD',
}
export type LinkName = keyof typeof linkTitles

/** What the client process is asked, and what it answers. */
export type LinkOrder = { link: LinkName; records: number; ms: number }
export type LinkResult = { batches: number; seconds: number }

export const measureLinks: Part = async (duel, defer) => {
  const { say, stack, pipeline } = duel
  const { rounds, turnMs } = duel.quick ? quick : full
  const [grpc, connect, ws, http, serverAdmin, client] = await Promise.all(
    Array.from({ length: 6 }, findFreePort),
  )
  const common = [
    pipeline.event,
    pipeline.topic.partitions,
    duel.uniqueName('links'),
    endpointsOf(stack).redis,
  ]
  const ports = [grpc, connect, ws, http]
  const start = (name: string, admin: number, args: (string | number)[]) =>
    startProgram(
      defer,
      name,
      `loadtest/duel/${name}.ts`,
      [...common, ...ports, admin, ...args].map(String),
      `http://127.0.0.1:${admin}/readyz`,
    )
  const server = await start('link-server', serverAdmin!, [])
  const sender = await start('link-client', client!, [duel.rowsFile])
  const pids = [server.pid, sender.pid]

  const ask = async (order: LinkOrder): Promise<LinkResult> => {
    const response = await fetch(`http://127.0.0.1:${client}/run`, {
      method: 'POST',
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(order.ms + 15_000),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${order.link}, ${order.records} records: ${text}`)
    return JSON.parse(text) as LinkResult
  }
  const links = Object.keys(linkTitles) as LinkName[]
  say('warming up')
  for (const link of links) for (const records of BATCH_SIZES) await ask({ link, records, ms: turnMs })
  const names = BATCH_SIZES.flatMap((records) => links.map((link) => `${link} ${records}` as const))
  const results = await takeTurns(
    rounds,
    names,
    async (name) => {
      const [link, records] = name.split(' ') as [LinkName, string]
      const before = await readGroupCpu(pids)
      const { batches, seconds } = await ask({ link, records: Number(records), ms: turnMs })
      const after = await readGroupCpu(pids)
      const cpu = before && after && pids.reduce((sum, pid) => sum + after.get(pid)! - before.get(pid)!, 0)
      return {
        micros: (seconds * 1e6) / batches,
        cpuMicros: cpu === undefined ? undefined : (cpu * 1e6) / batches,
      }
    },
    () => undefined,
  )
  const table = (title: string, of: 'micros' | 'cpuMicros', remarks: string[]): Table =>
    tableOf({
      title,
      columns: Object.fromEntries(
        BATCH_SIZES.map((records) => [`b${records}`, { title: `batch of ${records}`, unit: 'µs' }]),
      ),
      rows: linkTitles,
      plots: BATCH_SIZES.map((records) => ({
        title: `${title}, batches of ${formatNumber(records)}`,
        columns: [`b${records}`],
        scale: 'linear',
      })),
      remarks,
      cells: (link, column) =>
        results[`${link as LinkName} ${Number(column.slice(1)) as (typeof BATCH_SIZES)[number]}`].map(
          (result) => result[of],
        ),
    })
  return {
    transport: table('Transport alone: there and back', 'micros', [
      `${rounds} rounds of ${turnMs} ms, one batch under way; events encoded before, receiver answers at once`,
      'Redis answers when it has the batch, before a reader has',
    ]),
    'transport-cpu': table('Transport alone: CPU a batch, both ends', 'cpuMicros', [
      'Redis’ own CPU is left out',
    ]),
  }
}
