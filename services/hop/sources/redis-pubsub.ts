// Listens to a channel of Redis. Pub/sub cannot be slowed down, so what exceeds a bounded queue is dropped, counted
// and logged.
import { create, fromBinary } from '@bufbuild/protobuf'
import { BatchSchema, type Run } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log.ts'
import {
  bytesOf,
  joinBatches,
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  MAX_MESSAGE_BYTES,
  recordsOf,
  Verdict,
  type Batch,
  type Deliver,
  type Source,
} from '../batch.ts'
import { createGroupCommit, type Limits } from '../group-commit.ts'
import type { HopMetrics } from '../metrics.ts'
import { newClient } from '../redis-connection.ts'
import { mistakeOf } from './link.ts'

/** What waits for the sinks; 30 s is three times what a client of the intake waits for its answer. */
const LIMITS: Limits = {
  maxBatchRecords: MAX_BATCH_RECORDS,
  maxBatchBytes: MAX_BATCH_BYTES,
  maxQueueBytes: 33_554_432,
  maxQueueAgeMs: 30_000,
  returning: false,
}
/** A connection whose other end vanished is found by a ping that stays unanswered. */
const PING_MS = 2_000
const SILENCE_MS = 6_000
const RETRY_MS = 100
const LEAVE_DEADLINE_MS = 1_000

/** Why records are lost; what a sink said is in the log, for it would be a new series each time. */
const reasons = {
  large: 'a message above the limit',
  foreign: 'a message that is no batch',
  mistake: 'a batch with a mistake',
  full: 'the queue is full',
  undelivered: 'not delivered before the hop ended',
}

/** `deliver` tries until the sinks have a batch or the hop ends. */
export function createRedisPubsubSource(
  endpoint: Endpoint,
  lanes: number,
  deliver: Deliver,
  log: Log,
  metrics: Pick<HopMetrics, 'dropped' | 'watchQueue'>,
): Source {
  const channel = endpoint.path
  let down: string | undefined = 'not connected yet'
  let dropping = false

  for (const reason of Object.values(reasons)) metrics.dropped.inc({ reason }, 0)
  const drop = (records: number, reason: string, detail = '') => {
    metrics.dropped.inc({ reason }, records)
    // One line when it begins, not one a batch.
    if (!dropping)
      log.error('the channel brings what cannot be taken; it is lost', { channel, reason, detail })
    dropping = true
  }
  const commit = createGroupCommit<{ batch: Batch; records: number; bytes: number }>(
    lanes,
    LIMITS,
    async (entries) => {
      const batch = joinBatches(entries.map((entry) => entry.batch))
      const { verdict, reason } = await deliver(batch)
      if (verdict === Verdict.STORED) dropping = false
      else drop(recordsOf(batch), reasons.undelivered, reason)
    },
  )
  metrics.watchQueue('channel', commit.queuedBytes)
  const take = (message: Buffer) => {
    if (message.length > MAX_MESSAGE_BYTES) return drop(1, reasons.large)
    let batch: Batch
    try {
      // Copied, because a small message would keep the whole chunk that it came in.
      batch = fromBinary(BatchSchema, new Uint8Array(message))
    } catch {
      return drop(1, reasons.foreign)
    }
    if (mistakeOf(batch) || batch.log) return drop(Math.max(recordsOf(batch), 1), reasons.mistake)
    // The publisher does not wait, so a partition must always use the same lane here.
    for (const [lane, runs] of Map.groupBy(batch.runs, ({ partition }: Run) => partition % lanes)) {
      const part = create(BatchSchema, { runs })
      const entry = { batch: part, records: recordsOf(part), bytes: bytesOf(part) }
      if (!commit.offer(lane, entry)) drop(entry.records, reasons.full)
    }
  }

  const client = newClient(endpoint.hosts[0]!, { pingInterval: PING_MS, socketTimeout: SILENCE_MS })
  let subscribed = false
  client.on('ready', () => {
    if (subscribed) down = undefined
  })
  client.on('error', (cause) => {
    if (!down) log.warn('redis is away; what is published now is lost', { cause: reasonOf(cause) })
    down = reasonOf(cause)
  })
  let closing = false
  const subscribe = async () => {
    while (!subscribed && !closing) {
      try {
        if (!client.isOpen) await client.connect()
        // After a reconnect the client subscribes again by itself.
        await client.subscribe(channel, take, true)
        subscribed = true
        down = undefined
        log.info('subscribed', { channel })
      } catch (cause) {
        down = reasonOf(cause)
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())
      }
    }
  }
  void subscribe()

  /** Redis hands over what was published before it confirms, and tells publishers from then on that nobody listens. */
  const leave = async () => {
    const late = new Promise((resolve) => setTimeout(resolve, LEAVE_DEADLINE_MS).unref())
    try {
      if (client.isReady) await Promise.race([client.unsubscribe(channel), late])
    } catch (cause) {
      log.warn('could not leave the channel; what is under way is lost', { channel, cause: reasonOf(cause) })
    }
    client.destroy()
  }

  return {
    notReady: () => (down === undefined ? undefined : `${endpoint.url}: ${down}`),
    async close() {
      closing = true
      await leave()
      await commit.idle()
    },
  }
}
