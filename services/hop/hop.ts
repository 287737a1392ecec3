// Wires one hop: its source, what happens to a batch, its sinks.
import * as uWS from 'uWebSockets.js'
import { addAdminPages, listen } from '../lib/admin.ts'
import type { Endpoint } from '../lib/endpoint.ts'
import { reasonOf } from '../lib/errors.ts'
import { loadEventType, type EventType } from '../lib/event-type.ts'
import type { Log } from '../lib/log.ts'
import type { Lifecycle } from '../lib/run.ts'
import type { HopArguments } from './arguments.ts'
import {
  bytesOf,
  joinBatches,
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  outcomes,
  recordsOf,
  Verdict,
  type Batch,
  type Deliver,
  type Outcome,
  type Sink,
  type Source,
} from './batch.ts'
import { attempt, createFastPath, writeOwned, type FastPath, type Rejected, type Waiting } from './deliver.ts'
import { createGroupCommit } from './group-commit.ts'
import { createIntake } from './intake.ts'
import { createHopMetrics, type HopMetrics } from './metrics.ts'
import { measureSink } from './sinks/measure.ts'
import type { Tracing } from './tracing.ts'

/** After SIGTERM an intake tries this long to bring what it took to the log; below the pod's grace period. */
const DRAIN_DEADLINE_MS = 12_000
/** What a middle hop holds for its peers; their credits bound it too. */
const MIDDLE_QUEUE_BYTES = 67_108_864

type Parts = {
  hop: HopArguments
  eventType: EventType
  sinks: Sink[]
  fastPaths: FastPath[]
  stopped: AbortController
  log: Log
  metrics: HopMetrics
  notReady: () => string | undefined
  /** Undefined when it is off. */
  tracing: Tracing | undefined
}

export type RunningHop = { notReady: () => string | undefined; metrics: HopMetrics }

/** Starts a hop and registers its release. */
export async function startHop(hop: HopArguments, log: Log, life: Lifecycle): Promise<RunningHop> {
  const eventType = loadEventType(hop.event)
  const metrics = createHopMetrics(hop.pipeline, hop.name)
  const stopped = new AbortController()
  const tracing = hop.tracing && (await import('./tracing.ts')).startTracing(hop.tracing, hop, log)
  if (tracing) life.onStop('tracing', () => tracing.close())

  const open = async (endpoint: Endpoint, by: 'to' | 'then') => {
    const sink = await createSink(endpoint, { hop, eventType, log, metrics })
    life.onStop(sink.url, () => sink.close())
    const measured = measureSink(sink, by, metrics)
    return tracing ? tracing.sink(measured, endpoint) : measured
  }
  const sinks = await Promise.all(hop.to.map((endpoint) => open(endpoint, 'to')))
  const targets = await Promise.all(hop.fastPaths.map((endpoint) => open(endpoint, 'then')))
  const fastPaths = targets.map((sink) => createFastPath(sink, hop.lanes, log, metrics))
  life.onStop('fast paths', () => Promise.all(fastPaths.map((path) => path.idle())))

  let source: Source | undefined
  const notReady = () => {
    if (!life.running()) return 'stopping'
    if (!source) return 'starting'
    return [source.notReady(), ...sinks.map((sink) => sink.notReady())].find((reason) => reason !== undefined)
  }
  metrics.watchReady(notReady)
  const parts: Parts = { hop, eventType, sinks, fastPaths, stopped, log, metrics, notReady, tracing }
  if (hop.admin) {
    const app = uWS.App()
    addAdminPages(app, { notReady, metrics: metrics.registry })
    await listen(app, hop.admin.hosts[0]!)
    life.onStop('admin', () => void app.close())
  }
  source = await createSource(parts, life)
  life.onStop('source', async () => {
    // The log has what a log reader holds, so it need not wait for its sinks.
    if (hop.from.scheme === 'kafka' || hop.from.scheme === 'mongodb') stopped.abort()
    const timer = setTimeout(() => stopped.abort(), DRAIN_DEADLINE_MS)
    await source.close()
    clearTimeout(timer)
  })
  log.info('started', {
    from: hop.from.url,
    to: hop.to.map(({ url }) => url),
    fastPaths: hop.fastPaths.map(({ url }) => url),
  })
  return { notReady, metrics }
}

/** Each hop loads the client libraries of its own endpoints only: they take 10 MB and 100 ms each. */
export async function createSink(
  endpoint: Endpoint,
  { hop, eventType, log, metrics }: Pick<Parts, 'hop' | 'eventType' | 'log' | 'metrics'>,
): Promise<Sink> {
  switch (endpoint.scheme) {
    case 'grpc':
      return (await import('./sinks/grpc.ts')).createGrpcSink(endpoint, log)
    case 'ws':
      return (await import('./sinks/ws.ts')).createWsSink(endpoint, log)
    case 'hop-http':
      return (await import('./sinks/hop-http.ts')).createHopHttpSink(endpoint, log)
    case 'connect':
      return (await import('./sinks/connect.ts')).createConnectSink(endpoint, log)
    case 'kafka':
      return (await import('./sinks/kafka.ts')).createKafkaSink(endpoint, eventType, hop.partitions, log)
    case 'redis-pubsub':
      return (await import('./sinks/redis-pubsub.ts')).createRedisPubsubSink(endpoint, log)
    case 'redis-stream':
      return (await import('./sinks/redis-stream.ts')).createRedisStreamSink(endpoint, hop.pipeline, log)
    case 'redis':
      return (await import('./sinks/redis.ts')).createRedisSink(
        endpoint,
        eventType,
        hop.pipeline,
        log,
        metrics,
      )
    case 'mongodb':
      return (await import('./sinks/mongodb.ts')).createMongodbSink(endpoint, eventType, log)
    default:
      throw new Error(`no sink for ${endpoint.scheme}`)
  }
}

async function createSource(parts: Parts, life: Lifecycle): Promise<Source> {
  const { hop, eventType, metrics, log, notReady, stopped } = parts
  switch (hop.from.scheme) {
    case 'http': {
      const intake = createIntake({
        partitions: hop.partitions,
        lanes: hop.lanes,
        route: hop.name,
        deadlineMs: hop.deadlineMs,
        maxQueueBytes: hop.queueBytes,
        persist: (batch, rejected) => writeToAll(parts, batch, { stopped: stopped.signal }, rejected),
        stored: (lane, batch) => feedFastPaths(parts, lane, batch),
      })
      metrics.watchQueue('intake', intake.queuedBytes)
      for (const status of [202, 400, 422, 503]) metrics.countResponse(status, 0)
      log.info('intake', { origin: intake.origin })
      const wasm = hop.from.parameters.get('encode') === 'wasm'
      return (await import('./sources/http.ts')).createHttpSource(hop.from, {
        eventType,
        encodeText: wasm
          ? await (await import('./wasm-encoder.ts')).loadWasmEncoder(eventType, log)
          : undefined,
        intake,
        admin: { notReady, metrics: metrics.registry },
        metrics,
        startRequest: parts.tracing?.startRequest,
      })
    }
    case 'grpc':
      return (await import('./sources/grpc.ts')).createGrpcSource(hop.from, deliverOnce(parts), notReady)
    case 'ws':
      return (await import('./sources/ws.ts')).createWsSource(hop.from, deliverOnce(parts))
    case 'hop-http':
      return (await import('./sources/hop-http.ts')).createHopHttpSource(hop.from, deliverOnce(parts))
    case 'connect':
      return (await import('./sources/connect.ts')).createConnectSource(
        hop.from,
        deliverOnce(parts),
        notReady,
      )
    case 'redis-pubsub': {
      const deliver = await deliverOwned(parts, life)
      const { createRedisPubsubSource } = await import('./sources/redis-pubsub.ts')
      return createRedisPubsubSource(hop.from, hop.lanes, deliver, log, metrics)
    }
    case 'redis-stream': {
      const deliver = await deliverOwned(parts, life)
      const { createRedisStreamSource } = await import('./sources/redis-stream.ts')
      return createRedisStreamSource(hop.from, hop, deliver, log, metrics)
    }
    case 'kafka': {
      const { createDeadLetters, lettersOf } = await import('./dead-letters.ts')
      const { createKafkaSource } = await import('./sources/kafka.ts')
      const { createRecordReader } = await import('./sources/kafka-records.ts')
      const deadLetters = createDeadLetters(hop.from, stopped.signal, log, metrics)
      life.onStop('dead letters', () => deadLetters.close())
      const rejected: Rejected = async (batch, reason) => {
        for (const letter of lettersOf(batch, reason, eventType)) await deadLetters.send(letter)
      }
      const deliver = traced(parts, async (batch, revoked) => {
        const outcome = await writeToAll(parts, batch, { stopped: stopped.signal, revoked }, rejected)
        if (outcome.verdict === Verdict.STORED)
          feedFastPaths(parts, (batch.log?.partition ?? 0) % hop.lanes, batch)
        return outcome
      })
      return createKafkaSource(hop.from, createRecordReader(eventType), deliver, deadLetters, log)
    }
    case 'mongodb': {
      const { createMongodbSource } = await import('./sources/mongodb.ts')
      // The log keeps what a view cannot read, so it needs no other place.
      const rejected: Rejected = (batch, reason) => {
        metrics.invalid.inc(recordsOf(batch))
        log.error('left out, because it will never pass', { records: recordsOf(batch), reason })
        return Promise.resolve()
      }
      const deliver = traced(parts, (batch) =>
        writeToAll(parts, batch, { stopped: stopped.signal }, rejected),
      )
      return createMongodbSource(hop.from, eventType, deliver, stopped.signal, log)
    }
    default:
      throw new Error(`no source for ${hop.from.scheme}`)
  }
}

/** Brings a batch that this hop owns to every sink. */
async function writeToAll(
  parts: Parts,
  batch: Batch,
  waiting: Waiting,
  rejected: Rejected,
): Promise<Outcome> {
  const { sinks, log, metrics } = parts
  const began = performance.now()
  const results = await Promise.all(
    sinks.map((sink) => writeOwned(sink, batch, waiting, rejected, log, metrics)),
  )
  const outcome = worst(results)
  if (outcome.verdict === Verdict.STORED) count(metrics, batch, began)
  return outcome
}

/** For what is read from Redis: nobody behind it sends again, so this hop tries until the sinks have the batch. */
async function deliverOwned(parts: Parts, life: Lifecycle): Promise<Deliver> {
  const { hop, log, metrics } = parts
  const stopped = parts.stopped.signal
  const { createRedisDeadLetters } = await import('./redis-dead-letters.ts')
  const { rejected, close } = createRedisDeadLetters(hop.from.hosts[0]!, hop.pipeline, stopped, log, metrics)
  life.onStop('dead letters', close)
  return traced(parts, async (batch, revoked) => {
    try {
      let outcome = await writeToAll(parts, batch, { stopped, revoked }, rejected)
      // What a channel lost, or a view forgot that the streams no longer hold, does not come any more.
      if (outcome.verdict === Verdict.REFUSED_GAP)
        outcome = await writeToAll(parts, { ...batch, stepOverGaps: true }, { stopped, revoked }, rejected)
      if (outcome.verdict === Verdict.STORED)
        feedFastPaths(parts, (batch.runs[0]?.partition ?? 0) % hop.lanes, batch)
      return outcome
    } catch (cause) {
      return outcomes.failed(reasonOf(cause))
    }
  })
}

/** For hops in the middle: batches of all peers are joined, tried once, and their outcome is passed back. */
function deliverOnce(parts: Parts): Deliver {
  const { hop, sinks, metrics } = parts
  const tryOnce = async (batch: Batch): Promise<Outcome> => {
    const began = performance.now()
    const outcome = worst(await Promise.all(sinks.map((sink) => attempt(sink, batch))))
    if (outcome.verdict === Verdict.STORED) count(metrics, batch, began)
    return outcome
  }
  type Entry = {
    batch: Batch
    records: number
    bytes: number
    lane: number
    done: (outcome: Outcome) => void
  }
  const settle = async (entry: Entry) => finish(entry, await tryOnce(entry.batch))
  const finish = (entry: Entry, outcome: Outcome) => {
    entry.done(outcome)
    if (outcome.verdict === Verdict.STORED && entry.batch.runs.length > 0)
      feedFastPaths(parts, entry.lane, entry.batch)
  }
  const commit = createGroupCommit<Entry>(
    hop.lanes,
    {
      maxBatchRecords: Math.min(...sinks.map(({ joins }) => joins?.records ?? MAX_BATCH_RECORDS)),
      maxBatchBytes: Math.min(...sinks.map(({ joins }) => joins?.bytes ?? MAX_BATCH_BYTES)),
      maxQueueBytes: MIDDLE_QUEUE_BYTES,
      maxQueueAgeMs: 5_000,
      returning: false,
    },
    async (entries) => {
      // A log range speaks for one batch, so those from a log stay alone. A peer has one batch of a lane out
      // at a time, so these are of different peers or lanes, and their order does not matter.
      const joinable = entries.filter(({ batch }) => !batch.log)
      const alone = entries.filter(({ batch }) => batch.log).map(settle)
      if (joinable.length > 0) {
        const outcome = await tryOnce(joinBatches(joinable.map(({ batch }) => batch)))
        // One peer's bad record or gap must not condemn another's good batch.
        const mixed = outcome.verdict !== Verdict.STORED && outcome.verdict !== Verdict.FAILED
        if (mixed && joinable.length > 1) alone.push(...joinable.map(settle))
        else for (const entry of joinable) finish(entry, outcome)
      }
      await Promise.all(alone)
    },
  )
  metrics.watchQueue('links', commit.queuedBytes)
  const deliver: Deliver = (batch) =>
    new Promise((resolve) => {
      const lane = (batch.runs[0]?.partition ?? batch.log?.partition ?? 0) % hop.lanes
      const entry = { batch, records: recordsOf(batch), bytes: bytesOf(batch), lane, done: resolve }
      if (!commit.offer(lane, entry)) resolve(outcomes.failed('the queue is full'))
    })
  return traced(parts, deliver)
}

/** Where tracing is on, what this hop is handed has a span until it answers. */
function traced({ tracing, hop }: Parts, deliver: Deliver): Deliver {
  return tracing ? tracing.deliver(deliver, hop.from) : deliver
}

function feedFastPaths({ fastPaths }: Parts, lane: number, batch: Batch): void {
  for (const path of fastPaths) path.offer(lane, batch)
}

/** The outcome of a batch at several sinks: stored only if all have it. */
function worst(results: Outcome[]): Outcome {
  return results.find(({ verdict }) => verdict !== Verdict.STORED) ?? results[0] ?? outcomes.stored()
}

function count(metrics: HopMetrics, batch: Batch, began: number): void {
  const records = recordsOf(batch)
  if (records === 0) return
  metrics.batches.inc()
  metrics.records.inc(records)
  metrics.bytes.inc(bytesOf(batch))
  metrics.batchRecords.observe(records)
  metrics.batchSeconds.observe((performance.now() - began) / 1_000)
}
