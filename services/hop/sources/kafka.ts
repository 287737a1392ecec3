// Reads a topic as a consumer group. A batch is resolved when the sinks have it. Where a sink keeps the log
// position itself (the live views), it is the sink that says where to read on.
import { create } from '@bufbuild/protobuf'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import { BatchSchema, LogRangeSchema, type LogRange } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import { createKafka } from '../../lib/kafka.ts'
import type { Log } from '../../lib/log.ts'
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  Verdict,
  type Deliver,
  type Outcome,
  type Source,
} from '../batch.ts'
import type { DeadLetters } from '../dead-letters.ts'
import { runsOf, type ReadRecord } from './kafka-records.ts'

/** The least that brokers allow by default (group.min.session.timeout.ms): how long a killed reader holds its part. */
const SESSION_TIMEOUT_MS = 6_000
const HEARTBEAT_MS = 1_000
/**
 * A fetch is answered when it has this much or has waited for wait-ms. Without it a log that grows by ten records
 * a millisecond is read ten records at a time, and the readers, not the data, use up the machine.
 */
const MIN_FETCH_BYTES = 524_288
const DEFAULT_WAIT_MS = '15'
const COMMIT_MS = 500
/** An idle partition asks its sinks this often whether they still are where they were. */
const PROBE_MS = 1_000
const START_OFFSETS_MS = 60_000
const CONCURRENT_PARTITIONS = 16
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2_000
/** A position that no log reaches: the answer to it is the position that the sink has. */
const NOWHERE = 9_007_199_254_740_991n

type Partition = {
  /** The offset that must come next, once it is known. */
  next: bigint | undefined
  /** The first offset of the batch in which a gap was met; it is read again before the gap is believed. */
  gapAt: bigint | undefined
  busy: boolean
  lastAt: number
}

export async function createKafkaSource(
  endpoint: Endpoint,
  readRecord: ReadRecord,
  deliver: Deliver,
  deadLetters: DeadLetters,
  log: Log,
): Promise<Source> {
  const topic = endpoint.path
  const groupId = endpoint.parameters.get('group')!
  const waitMs = Number(endpoint.parameters.get('wait-ms') ?? DEFAULT_WAIT_MS)
  const kafka = createKafka(endpoint, `freshet-${groupId}`, log)
  const admin = kafka.admin()
  const assigned = new Map<number, Partition>()
  const resolved = new Map<number, bigint>()
  const startOffsets = new Map<number, bigint>()
  const active = new Set<Promise<void>>()
  let consumer: Consumer | undefined
  let closing = false
  let joined = false
  let progressAt = Date.now()

  const rangeOf = (partition: number, firstOffset: bigint, nextOffset: bigint): LogRange =>
    create(LogRangeSchema, {
      topic,
      partition,
      firstOffset,
      nextOffset,
      startOffset: startOffsets.get(partition) ?? 0n,
    })

  const seek = (partition: number, offset: bigint, state: Partition) => {
    state.next = offset
    consumer?.seek({ topic, partition, offset: String(offset) })
  }

  /** Asks the sinks where they are; they refuse what starts above their position, and say it. */
  const probe = async (partition: number, state: Partition) => {
    state.busy = true
    const at = state.next ?? NOWHERE
    const outcome = await deliver(create(BatchSchema, { log: rangeOf(partition, at, at) }))
    state.busy = false
    state.lastAt = Date.now()
    const moved = state.next !== undefined && state.next !== at
    if (
      outcome.verdict === Verdict.REFUSED_BEHIND &&
      !moved &&
      assigned.get(partition) === state &&
      !closing
    ) {
      if (at !== NOWHERE)
        log.warn('the view has lost writes; reading again', { partition, from: outcome.position, until: at })
      seek(partition, outcome.position, state)
    }
  }

  const handleRefusal = (partition: number, state: Partition, outcome: Outcome, firstOffset: bigint) => {
    if (outcome.verdict === Verdict.REFUSED_GAP) {
      if (state.gapAt === undefined)
        log.warn('gap in the log; reading again', { partition, from: outcome.position })
      state.gapAt = firstOffset
    }
    seek(partition, outcome.position, state)
  }

  const eachBatch = async ({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload) => {
    const { partition, messages } = batch
    const state = assigned.get(partition)
    if (!state) return
    const revoked = new AbortController()
    let beatFailure: unknown
    const beat = setInterval(() => {
      heartbeat().catch((cause: unknown) => {
        beatFailure = cause
        revoked.abort()
      })
    }, HEARTBEAT_MS)
    try {
      for (let from = 0; from < messages.length;) {
        if (closing || !isRunning() || isStale() || assigned.get(partition) !== state) return
        const first = BigInt(messages[from]!.offset)
        // What lies between the offset that was asked for and the first that came does not exist in the log.
        const firstOffset = state.next !== undefined && state.next <= first ? state.next : first
        let to = from
        let bytes = 0
        while (to < messages.length && to - from < MAX_BATCH_RECORDS && bytes < MAX_BATCH_BYTES / 2)
          bytes += messages[to++]!.value?.length ?? 0
        const slice = messages.slice(from, to)
        from = to
        const nextOffset = BigInt(slice.at(-1)!.offset) + 1n
        const { runs, unreadable } = runsOf(slice, topic, partition, firstOffset, readRecord)
        for (const letter of unreadable) await deadLetters.send(letter)
        state.busy = true
        const stepOverGaps = state.gapAt !== undefined && nextOffset > state.gapAt
        const outcome = await deliver(
          create(BatchSchema, { runs, log: rangeOf(partition, firstOffset, nextOffset), stepOverGaps }),
          revoked.signal,
        )
        state.busy = false
        state.lastAt = Date.now()
        if (beatFailure) throw beatFailure
        // Reassigned while the batch was out: what came of it is not for the new state.
        if (assigned.get(partition) !== state) return
        if (outcome.verdict === Verdict.REFUSED_GAP || outcome.verdict === Verdict.REFUSED_BEHIND) {
          handleRefusal(partition, state, outcome, firstOffset)
          return
        }
        if (outcome.verdict !== Verdict.STORED) return
        if (stepOverGaps) state.gapAt = undefined
        progressAt = Date.now()
        // A seek while the batch was out (a probe's, a rebalance's) moved the position.
        if (state.next === undefined || state.next === firstOffset || state.next <= first)
          state.next = nextOffset
        resolveOffset(slice.at(-1)!.offset)
        resolved.set(partition, nextOffset)
        await heartbeat()
      }
    } finally {
      clearInterval(beat)
      state.busy = false
    }
  }

  const commit = async () => {
    const offsets = [...resolved].map(([partition, offset]) => ({ topic, partition, offset: String(offset) }))
    resolved.clear()
    if (offsets.length === 0 || !joined) return
    try {
      await consumer?.commitOffsets(offsets)
    } catch (cause) {
      // Committed offsets only say where a restart begins; the fences and ids make reading twice harmless.
      log.warn('could not commit offsets', { cause: reasonOf(cause) })
    }
  }

  const assign = (partitions: number[]) => {
    joined = true
    assigned.clear()
    resolved.clear()
    for (const partition of partitions) {
      const state: Partition = { next: undefined, gapAt: undefined, busy: false, lastAt: Date.now() }
      assigned.set(partition, state)
      void probe(partition, state)
    }
    log.info('assigned', { groupId, partitions })
  }

  const track = async (work: Promise<void>): Promise<void> => {
    active.add(work)
    await work.finally(() => active.delete(work))
  }

  /** One consumer from its start to its crash; a new one each time, because kafkajs' own restart may hang. */
  const consume = async (): Promise<void> => {
    const mine = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      minBytes: MIN_FETCH_BYTES,
      maxWaitTimeInMs: waitMs,
      allowAutoTopicCreation: false,
      retry: {
        retries: 5,
        initialRetryTime: 100,
        maxRetryTime: 2_000,
        restartOnFailure: () => Promise.resolve(false),
      },
    })
    consumer = mine
    const crashed = new Promise<Error>((resolve) =>
      mine.on(mine.events.CRASH, ({ payload }) => resolve(payload.error)),
    )
    mine.on(mine.events.GROUP_JOIN, ({ payload }) => assign(payload.memberAssignment[topic] ?? []))
    try {
      await mine.connect()
      await mine.subscribe({ topics: [topic], fromBeginning: true })
      await mine.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: CONCURRENT_PARTITIONS,
        eachBatch: (payload) => track(eachBatch(payload)),
      })
      throw await crashed
    } finally {
      joined = false
      assigned.clear()
      await mine.disconnect()
    }
  }

  const keepConsuming = async () => {
    for (let pauseMs = FIRST_PAUSE_MS; !closing; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const began = Date.now()
      try {
        await consume()
      } catch (cause) {
        if (closing) return
        log.warn('the consumer starts again', { cause: reasonOf(cause) })
      }
      if (Date.now() - began > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }

  let adminConnected = false
  const readStartOffsets = async () => {
    if (!adminConnected) {
      await admin.connect()
      adminConnected = true
    }
    for (const { partition, low } of await admin.fetchTopicOffsets(topic))
      startOffsets.set(partition, BigInt(low))
  }
  const startOffsetsInTheBackground = () => {
    readStartOffsets().catch((cause: unknown) =>
      log.warn('the start offsets are not known', { cause: reasonOf(cause) }),
    )
  }
  void keepConsuming()
  startOffsetsInTheBackground()
  let committing = Promise.resolve()
  const timers = [
    setInterval(() => {
      committing = committing.then(() => commit())
    }, COMMIT_MS),
    setInterval(() => {
      for (const [partition, state] of assigned) {
        if (!state.busy && Date.now() - state.lastAt >= PROBE_MS) void probe(partition, state)
      }
    }, PROBE_MS / 2),
    setInterval(startOffsetsInTheBackground, START_OFFSETS_MS),
  ]

  return {
    notReady: () =>
      joined
        ? undefined
        : `${endpoint.url}: not in the group (last progress ${Date.now() - progressAt} ms ago)`,
    async close() {
      closing = true
      for (const timer of timers) clearInterval(timer)
      // Before leaving the group, because only its members may commit.
      await Promise.allSettled(active)
      await committing
      await commit()
      await consumer?.stop()
      await consumer?.disconnect()
      await admin.disconnect()
    },
  }
}
