// An intake gives events their identity: (origin, partition, seq), dense from 1, when they join a batch.
import { create } from '@bufbuild/protobuf'
import { randomBytes } from 'node:crypto'
import { BatchSchema, RunSchema, type Run } from '../../proto/gen/freshet/v1/hop_pb.ts'
import type { Encoded } from '../lib/event-type.ts'
import { createPartitioner } from '../lib/partition.ts'
import { eventId } from '../lib/views.ts'
import { joinEvents } from '../lib/wire.ts'
import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS, Verdict, type Batch, type Outcome } from './batch.ts'
import { createGroupCommit } from './group-commit.ts'

/** What a client is told about one event. */
export type Answer =
  | { status: 202; id: string }
  | { status: 422; reason: string }
  | {
      status: 503
      reason: string
      /** Whether it is known that the event is not stored. */ stored: 'no' | 'unknown'
    }

/** What waits for a client's event to be stored. */
export type Ticket = {
  /** The client has gone; the event is dropped unless it is already in a batch. */ cancel(): void
}

export type IntakeOptions = {
  partitions: number
  lanes: number
  /** The name of this hop; every stored document carries it. */
  route: string
  /** How long a client waits for its answer. */
  deadlineMs: number
  maxQueueBytes: number
  /** Brings a batch to the log. `rejected` is called with each single-record batch that will never pass. */
  persist: (batch: Batch, rejected: (batch: Batch, reason: string) => Promise<void>) => Promise<Outcome>
  /** Gets each batch after the log has it. */
  stored: (lane: number, batch: Batch) => void
}

type Entry = {
  records: 1
  bytes: number
  event: Uint8Array
  partition: number
  timeUs: number
  /** Of the span to which it belongs, when it is traced. */
  traceparent: string | undefined
  answer: ((answer: Answer) => void) | undefined
  /** In a batch, so that cancelling comes too late. */
  sent: boolean
}

/** A full queue, and a wait beyond the deadline, are looked for this often. */
const SWEEP_MS = 250
/** Beside the event: its entry, its closure, its response. An estimate; the heap's own bound stands behind it. */
const ENTRY_OVERHEAD_BYTES = 300

export type Intake = ReturnType<typeof createIntake>

export function createIntake(options: IntakeOptions) {
  const { partitions, lanes, deadlineMs } = options
  const origin = randomBytes(6).toString('base64url').replaceAll(/[-_]/g, '0')
  const partitionOf = createPartitioner(partitions)
  const nextSeq = Array.from({ length: partitions }, () => 1)
  const waiting = new Set<Entry>()
  let lastTimeUs = 0
  let closed = false

  const settle = (entry: Entry, answer: Answer) => {
    waiting.delete(entry)
    const tell = entry.answer
    entry.answer = undefined
    tell?.(answer)
  }

  const send = async (entries: Entry[], lane: number) => {
    const byPartition = new Map<number, Entry[]>()
    for (const entry of entries) {
      entry.sent = true
      const list = byPartition.get(entry.partition)
      if (list) list.push(entry)
      else byPartition.set(entry.partition, [entry])
    }
    const runs: Run[] = []
    const firstSeqs = new Map<number, number>()
    for (const [partition, list] of byPartition) {
      const firstSeq = nextSeq[partition]!
      nextSeq[partition] = firstSeq + list.length
      firstSeqs.set(partition, firstSeq)
      runs.push(runOf(list, origin, partition, firstSeq, options.route))
    }
    const batch = create(BatchSchema, { runs })
    let whole = true
    const rejected = (single: Batch, reason: string) => {
      whole = false
      const run = single.runs[0]!
      const index = Number(run.firstSeq) - firstSeqs.get(run.partition)!
      settle(byPartition.get(run.partition)![index]!, { status: 422, reason })
      return Promise.resolve()
    }
    const outcome = await options.persist(batch, rejected)
    if (outcome.verdict !== Verdict.STORED) {
      for (const entry of entries) settle(entry, { status: 503, reason: outcome.reason, stored: 'unknown' })
      return
    }
    for (const [partition, list] of byPartition) {
      const firstSeq = firstSeqs.get(partition)!
      for (let index = 0; index < list.length; index++) {
        settle(list[index]!, { status: 202, id: eventId(origin, partition, firstSeq + index) })
      }
    }
    // The log lacks what it rejected, so the rest must come from there.
    if (whole) options.stored(lane, batch)
  }

  const commit = createGroupCommit<Entry>(
    lanes,
    {
      maxBatchRecords: MAX_BATCH_RECORDS,
      maxBatchBytes: MAX_BATCH_BYTES,
      maxQueueBytes: options.maxQueueBytes,
      maxQueueAgeMs: deadlineMs / 2,
      returning: true,
    },
    send,
    (entry) => entry.answer !== undefined,
  )

  const sweep = setInterval(() => {
    const oldest = Date.now() * 1_000 - deadlineMs * 1_000
    // In order of arrival, so the first that is young enough ends the search.
    for (const entry of waiting) {
      if (entry.timeUs > oldest) break
      const stored = entry.sent ? 'unknown' : 'no'
      settle(entry, { status: 503, reason: `no answer from the log in ${deadlineMs} ms`, stored })
    }
  }, SWEEP_MS)
  sweep.unref()

  return {
    origin,
    queuedBytes: () => commit.queuedBytes(),
    /** Queues an event; `answer` is called once, unless the ticket is cancelled first. */
    accept({ bytes, key }: Encoded, answer: (answer: Answer) => void, traceparent?: string): Ticket {
      // Strictly rising, so that (time, id) orders the events of an origin as they came.
      lastTimeUs = Math.max(Date.now() * 1_000, lastTimeUs + 1)
      const partition = partitionOf(key)
      const entry: Entry = {
        records: 1,
        bytes: bytes.length + ENTRY_OVERHEAD_BYTES,
        event: bytes,
        partition,
        timeUs: lastTimeUs,
        traceparent,
        answer,
        sent: false,
      }
      if (closed || !commit.offer(partition % lanes, entry)) {
        answer({ status: 503, reason: closed ? 'stopping' : 'the queue is full', stored: 'no' })
      } else waiting.add(entry)
      return {
        cancel() {
          entry.answer = undefined
          waiting.delete(entry)
        },
      }
    },
    /** Refuses new events and resolves when those in flight are answered. */
    async close() {
      closed = true
      await commit.idle()
      clearInterval(sweep)
    },
  }
}

function runOf(entries: Entry[], origin: string, partition: number, firstSeq: number, route: string): Run {
  const firstTimeUs = entries[0]!.timeUs
  return create(RunSchema, {
    origin,
    partition,
    firstSeq: BigInt(firstSeq),
    count: entries.length,
    firstTimeUs: BigInt(firstTimeUs),
    timeDeltasUs: entries.map((entry) => entry.timeUs - firstTimeUs),
    events: joinEvents(entries.map((entry) => entry.event)),
    route,
    traces: tracesOf(entries),
  })
}

function tracesOf(entries: Entry[]): { index: number; traceparent: string }[] {
  const traces: { index: number; traceparent: string }[] = []
  for (let index = 0; index < entries.length; index++) {
    const { traceparent } = entries[index]!
    if (traceparent !== undefined) traces.push({ index, traceparent })
  }
  return traces
}
