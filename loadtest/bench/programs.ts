// Starts the programs that are measured.
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../../local/ports.ts'
import { nodeFlags } from '../../pipelines/pipeline.ts'
import { startProcess, type Process } from '../../local/processes.ts'
import type { Stores } from '../../local/audit.ts'
import type { Defer } from './releases.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const READY_DEADLINE_MS = 30_000
const PAGE_DEADLINE_MS = 5_000

export type Started = Process & {
  /** `host:port` that its source listens on. */
  address: string
  /** How many records its sinks have. */
  records(): Promise<number>
}

/** Runs a program of this project until its release; `readyUrl` answers 200 when it is ready. */
export async function startProgram(
  defer: Defer,
  name: string,
  program: string,
  args: string[],
  readyUrl: string,
): Promise<Process> {
  const process = await startProcess({
    name,
    command: execPath,
    args: [...nodeFlags, `${root}${program}`, ...args],
    log: () => undefined,
    ready: readyUrl,
    deadlineMs: READY_DEADLINE_MS,
  })
  defer(() => process.stop())
  return process
}

export type HopOptions = {
  event: string
  /** Also its prefix in Redis. */
  pipeline: string
  partitions: number
  name: string
  /** A scheme to listen on, perhaps with parameters (`http?encode=wasm`), or a URL to read from. */
  from: string
  to: string
}

/** Starts a hop on free ports; those it sends to are started before it and so released after it. */
export async function startHop(defer: Defer, hop: HopOptions): Promise<Started> {
  const { event, pipeline, partitions, name, from, to } = hop
  const [address, admin] = [`127.0.0.1:${await findFreePort()}`, `127.0.0.1:${await findFreePort()}`]
  const flags = {
    event,
    pipeline,
    partitions,
    name,
    from: from.includes('://') ? from : from.replace(/(?=\?|$)/, `://${address}`),
    to,
    admin: `http://${admin}`,
  }
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)])
  const process = await startProgram(defer, name, 'services/hop/main.ts', args, `http://${admin}/readyz`)
  const records = async () => {
    const response = await fetch(`http://${admin}/metrics`, { signal: AbortSignal.timeout(PAGE_DEADLINE_MS) })
    return Number(/^freshet_hop_records_total\{.*\} (\d+)$/m.exec(await response.text())?.[1] ?? Number.NaN)
  }
  return { ...process, address, records }
}

/** The stores as endpoints of a hop. */
export function endpointsOf(stores: Stores) {
  return {
    topic: (name: string) => `kafka://${stores.kafkaBrokers}/${name}` as const,
    redis: `redis://${new URL(stores.redisUrl).host}`,
    database: (name: string) => `mongodb://${new URL(stores.mongoUrl).host}/${name}`,
  }
}
