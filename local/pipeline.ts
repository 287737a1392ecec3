// Runs a pipeline's graph as processes on this machine.
import { fileURLToPath } from 'node:url'
import {
  hopArguments,
  nodeFlags,
  queryArguments,
  sendersFirst,
  type Addresses,
  type KafkaPipeline,
  type Pipeline,
} from '../pipelines/pipeline.ts'
import { createKafka } from '../services/lib/kafka.ts'
import type { Stores } from './audit.ts'
import { findFreePort } from './ports.ts'
import { logWithPrefix, startProcess, type Process } from './processes.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const READY_DEADLINE_MS = 30_000

export type RunningPipeline = {
  /** Where clients post events, one for each HTTP intake. */
  intakes: Record<string, string>
  /** The page and the API. */
  queryUrl: string
  /** Where each hop has /readyz and /metrics. */
  admins: Record<string, string>
  processes: Record<string, Process>
  addresses: Addresses
  /** Starts a hop that has ended, at its old addresses. */
  restart: (hop: string) => Promise<void>
  /** Stops senders before receivers, so that what is in flight arrives. */
  stop: () => Promise<void>
}

export type RunOptions = {
  log: (line: string) => void
  /** Where the page listens; a free port otherwise. */
  queryPort?: number
  env?: Record<string, string>
  /** Files that Node runs; the sources of this project when absent. */
  programs?: Record<'hop' | 'query', string>
}

const sources = { hop: `${root}services/hop/main.ts`, query: `${root}services/query/main.ts` }

/** Those that were made last; else those that are in the documents. */
const reports = [`${root}.local/reports`, `${root}docs/reports`]

/** Creates the topics and starts every hop and the query service; resolves when all are ready. */
export async function startPipeline(
  pipeline: Pipeline,
  stores: Stores,
  options: RunOptions,
): Promise<RunningPipeline> {
  if (pipeline.topic) await createTopics(pipeline.topic, stores.kafkaBrokers)
  const names = Object.keys(pipeline.hops)
  const ports = await Promise.all(Array.from({ length: names.length * 2 + 1 }, findFreePort))
  const listen = new Map(names.map((name, index) => [name, `127.0.0.1:${ports[index]}`]))
  const admin = new Map(names.map((name, index) => [name, `127.0.0.1:${ports[names.length + index]}`]))
  const queryHost = `127.0.0.1:${options.queryPort ?? ports.at(-1)}`
  const addresses: Addresses = {
    listen: (hop) => listen.get(hop)!,
    reach: (hop) => listen.get(hop)!,
    admin: (hop) => admin.get(hop)!,
    reachAdmin: (hop) => admin.get(hop)!,
    store: (store) => {
      if (store === 'kafka') return stores.kafkaBrokers
      return new URL(store === 'redis' ? stores.redisUrl : stores.mongoUrl).host
    },
  }
  const programs = options.programs ?? sources
  const processes: Record<string, Process> = {}
  const nameWidth = Math.max(...names.map((name) => name.length))
  const startNode = (name: string, program: string, args: string[], readyUrl: string) =>
    startProcess({
      name,
      command: process.execPath,
      args: [...nodeFlags, program, ...args],
      env: options.env ?? {},
      log: logWithPrefix(name, nameWidth, options.log),
      ready: readyUrl,
      deadlineMs: READY_DEADLINE_MS,
    })
  const startHop = async (name: string) => {
    const ready = `http://${addresses.admin(name)}/readyz`
    processes[name] = await startNode(name, programs.hop, hopArguments(pipeline, name, addresses), ready)
  }
  const order = sendersFirst(pipeline)
  const stop = async () => {
    await processes['query']?.stop()
    for (const name of order) await processes[name]?.stop()
  }
  try {
    const query = startNode(
      'query',
      programs.query,
      [...queryArguments(pipeline, queryHost, addresses), '--reports', reports.join(',')],
      `http://${queryHost}/readyz`,
    )
    const started = await Promise.allSettled([
      ...names.map(startHop),
      query.then((running) => (processes['query'] = running)),
    ])
    const failed = started.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  } catch (cause) {
    await stop()
    throw cause
  }
  const intakes = names.filter((name) => 'http' in pipeline.hops[name]!.from)
  return {
    intakes: Object.fromEntries(intakes.map((name) => [name, `http://${addresses.listen(name)}`])),
    queryUrl: `http://${queryHost}`,
    admins: Object.fromEntries(names.map((name) => [name, `http://${addresses.admin(name)}`])),
    processes,
    addresses,
    restart: startHop,
    stop,
  }
}

/** Topics are made here, and by manifests in a cluster; no program makes one by accident. */
async function createTopics(topic: KafkaPipeline['topic'], brokers: string): Promise<void> {
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const endpoint = {
    url: '',
    scheme: 'kafka',
    hosts: brokers.split(','),
    path: '',
    parameters: new Map<string, string>(),
  }
  const admin = createKafka(endpoint, 'freshet-local', quiet).admin()
  await admin.connect()
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        { topic: topic.name, numPartitions: topic.partitions, replicationFactor: 1 },
        { topic: `${topic.name}.dlq`, numPartitions: 1, replicationFactor: 1 },
      ],
    })
  } finally {
    await admin.disconnect()
  }
}
