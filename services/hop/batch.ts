// What hops hand each other in memory, and how batches are joined and cut.
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  BatchSchema,
  LogRangeSchema,
  OutcomeSchema,
  RunSchema,
  TraceSchema,
  Verdict,
  type Batch,
  type FenceSchema,
  type Outcome,
  type Run,
} from '../../proto/gen/freshet/v1/hop_pb.ts'
import { joinEvents, splitEvents } from '../lib/wire.ts'
import { TRACEPARENT_LENGTH } from './traceparent.ts'

export { Verdict, type Batch, type Outcome, type Run }

/** Where batches go. `write` rejects, or answers FAILED, when the batch may pass later. */
export type Sink = {
  /** Its URL, for logs. */
  url: string
  write(batch: Batch): Promise<Outcome>
  /** How much several batches may hold when they are joined for one write, where it is more than one may hold. */
  joins?: { records: number; bytes: number }
  /** Undefined while the sink is reachable as far as is known, else why not. */
  notReady(): string | undefined
  close(): Promise<void>
}

/** How a source hands on a batch. Never rejects; answers once the batch's fate is known. */
export type Deliver = (batch: Batch, revoked?: AbortSignal) => Promise<Outcome>

/** What feeds a hop. */
export type Source = {
  notReady(): string | undefined
  /** Stops taking in, lets what is in flight end, and releases everything. */
  close(): Promise<void>
}

/** The most records in one batch; at 2,000 the view script's cost per event has levelled out (measured with a prototype). */
export const MAX_BATCH_RECORDS = 2_000
/** The most bytes of events in one batch. Every receiver's message limit is above it. */
export const MAX_BATCH_BYTES = 1_048_576
/** The most bytes of one encoded batch on a link: events, at most 40 bytes beside each, and slack. */
export const MAX_MESSAGE_BYTES = 2 * MAX_BATCH_BYTES
/** How many batches a receiver lets one link have in flight; the lanes of a hop share them. */
export const LINK_CREDITS = 64

/** What a traced event takes more in a message: three tags, two lengths, an index below 2^14, a traceparent. */
export const TRACE_BYTES = 7 + TRACEPARENT_LENGTH

const stored = create(OutcomeSchema, { verdict: Verdict.STORED })

export const outcomes = {
  stored: (position = 0n): Outcome =>
    position === 0n ? stored : create(OutcomeSchema, { verdict: Verdict.STORED, position }),
  failed: (reason: string): Outcome => create(OutcomeSchema, { verdict: Verdict.FAILED, reason }),
  rejected: (reason: string): Outcome => create(OutcomeSchema, { verdict: Verdict.REJECTED, reason }),
  gap: (position: bigint, fences: MessageInitShape<typeof FenceSchema>[] = []): Outcome =>
    create(OutcomeSchema, { verdict: Verdict.REFUSED_GAP, position, fences }),
  behind: (position: bigint): Outcome => create(OutcomeSchema, { verdict: Verdict.REFUSED_BEHIND, position }),
}

export function recordsOf(batch: Batch): number {
  return batch.runs.reduce((sum, run) => sum + run.count, 0)
}

/** Of the events, and of the trace contexts beside them. */
export function bytesOf(batch: Batch): number {
  return batch.runs.reduce((sum, run) => sum + run.events.length + TRACE_BYTES * run.traces.length, 0)
}

/** One batch of several that do not come from a log. */
export function joinBatches(batches: readonly Batch[]): Batch {
  if (batches.length === 1) return batches[0]!
  return create(BatchSchema, { runs: batches.flatMap((batch) => batch.runs) })
}

/** The records of a run from index `from` to before `to`. */
export function sliceRun(run: Run, from: number, to: number): Run {
  const events = splitEvents(run.events, run.count).slice(from, to)
  const firstDelta = run.timeDeltasUs[from] ?? 0
  return create(RunSchema, {
    ...run,
    firstSeq: run.firstSeq + BigInt(from),
    count: to - from,
    firstTimeUs: run.firstTimeUs + BigInt(firstDelta),
    timeDeltasUs: run.timeDeltasUs.slice(from, to).map((delta) => delta - firstDelta),
    events: joinEvents(events),
    offsetDeltas: run.offsetDeltas.slice(from, to),
    traces: run.traces.flatMap(({ index, traceparent }) =>
      index >= from && index < to ? [create(TraceSchema, { index: index - from, traceparent })] : [],
    ),
  })
}

/**
 * Cuts a batch of two or more records in two. A batch from the log is cut at an offset, so that both parts
 * are parts of the log without holes.
 */
export function cutBatch(batch: Batch): [Batch, Batch] {
  const { log, runs, stepOverGaps, lastBeforeGaps } = batch
  const middleRecord = Math.ceil(recordsOf(batch) / 2)
  if (!log) return cutRuns(runs, middleRecord)
  const offsets = runs.flatMap((run) => run.offsetDeltas).toSorted((a, b) => a - b)
  if (offsets.length === 0) {
    // A log without offsets for its events: only with the last of them is the range done.
    const [before, after] = cutRuns(runs, middleRecord)
    before.log = create(LogRangeSchema, { ...log, nextOffset: log.firstOffset })
    const gaps = { stepOverGaps, lastBeforeGaps }
    return [Object.assign(before, gaps), Object.assign(after, { log, ...gaps })]
  }
  const cut = offsets[Math.ceil(offsets.length / 2)]!
  const [before, after]: [Run[], Run[]] = [[], []]
  for (const run of runs) {
    const index = run.offsetDeltas.findIndex((offset) => offset >= cut)
    const at = index < 0 ? run.count : index
    if (at > 0) before.push(sliceRun(run, 0, at))
    if (at < run.count) after.push(sliceRun(run, at, run.count))
  }
  // Offsets stay relative to first_offset, so the later part keeps it for them and starts at the cut.
  const middle = log.firstOffset + BigInt(cut)
  for (const run of after) run.offsetDeltas = run.offsetDeltas.map((offset) => offset - cut)
  return [
    create(BatchSchema, {
      runs: before,
      log: create(LogRangeSchema, { ...log, nextOffset: middle }),
      stepOverGaps,
    }),
    create(BatchSchema, {
      runs: after,
      log: create(LogRangeSchema, { ...log, firstOffset: middle }),
      stepOverGaps,
    }),
  ]
}

function cutRuns(runs: Run[], at: number): [Batch, Batch] {
  const [before, after]: [Run[], Run[]] = [[], []]
  let seen = 0
  for (const run of runs) {
    const inside = Math.min(Math.max(at - seen, 0), run.count)
    if (inside > 0) before.push(inside === run.count ? run : sliceRun(run, 0, inside))
    if (inside < run.count) after.push(inside === 0 ? run : sliceRun(run, inside, run.count))
    seen += run.count
  }
  return [create(BatchSchema, { runs: before }), create(BatchSchema, { runs: after })]
}

/**
 * Calls `visit` for each record of a run with its seq, time in microseconds since 1970, offset delta, and trace context
 * where it is traced.
 */
export function eachRecord(
  run: Run,
  visit: (
    event: Uint8Array,
    seq: bigint,
    timeUs: bigint,
    offsetDelta: number,
    traceparent: string | undefined,
  ) => void,
): void {
  const events = splitEvents(run.events, run.count)
  let nextTrace = 0
  for (let index = 0; index < run.count; index++) {
    const timeUs = run.firstTimeUs + BigInt(run.timeDeltasUs[index] ?? 0)
    const trace = run.traces[nextTrace]
    const traced = trace?.index === index
    if (traced) nextTrace++
    visit(
      events[index]!,
      run.firstSeq + BigInt(index),
      timeUs,
      run.offsetDeltas[index] ?? 0,
      traced ? trace.traceparent : undefined,
    )
  }
}
