// Brings batches to the sinks: retries those that this hop owns, isolates what will never pass, and feeds the
// fast path afterwards.
import { reasonOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import {
  bytesOf,
  cutBatch,
  joinBatches,
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  outcomes,
  recordsOf,
  Verdict,
  type Batch,
  type Outcome,
  type Sink,
} from './batch.ts'
import { createGroupCommit, type Limits } from './group-commit.ts'
import { kindOf, type HopMetrics } from './metrics.ts'

/** The first pause before a retry; it doubles up to the longest. */
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500
/** How long one attempt may take before it counts as failed; above every client library's own limit here. */
const ATTEMPT_DEADLINE_MS = 15_000

export type Rejected = (batch: Batch, reason: string) => Promise<void>

/** Ends waits: of the whole hop at process end, of one batch when its partition was revoked. */
export type Waiting = { stopped: AbortSignal; revoked?: AbortSignal | undefined }

/** One attempt at a sink, never rejecting, never longer than the deadline. */
export async function attempt(sink: Sink, batch: Batch): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(
      () => resolve(outcomes.failed(`no answer in ${ATTEMPT_DEADLINE_MS} ms`)),
      ATTEMPT_DEADLINE_MS,
    )
  })
  try {
    return await Promise.race([sink.write(batch), late])
  } catch (cause) {
    return outcomes.failed(reasonOf(cause))
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Writes until the sink has the batch. Ends otherwise only with FAILED when the wait was ended, or with a
 * refusal (gap, behind), which is for the source to mend. Records that will never pass go to `rejected`.
 */
export async function writeOwned(
  sink: Sink,
  batch: Batch,
  waiting: Waiting,
  rejected: Rejected,
  log: Log,
  metrics: HopMetrics,
): Promise<Outcome> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const outcome = await attempt(sink, batch)
    switch (outcome.verdict) {
      case Verdict.STORED:
      case Verdict.REFUSED_GAP:
      case Verdict.REFUSED_BEHIND:
        return outcome
      case Verdict.REJECTED: {
        if (recordsOf(batch) <= 1) {
          await rejected(batch, outcome.reason)
          return outcomes.stored()
        }
        for (const part of cutBatch(batch)) {
          const partOutcome = await writeOwned(sink, part, waiting, rejected, log, metrics)
          if (partOutcome.verdict !== Verdict.STORED) return partOutcome
        }
        return outcomes.stored()
      }
      case Verdict.UNSPECIFIED:
      case Verdict.FAILED:
        if (waiting.stopped.aborted || waiting.revoked?.aborted) return outcome
        metrics.retries.inc({ sink: kindOf(sink) })
        if (pauseMs === FIRST_PAUSE_MS) log.warn('retrying', { sink: sink.url, reason: outcome.reason })
        await pause(pauseMs * (0.5 + Math.random() / 2), waiting)
    }
  }
}

function pause(ms: number, { stopped, revoked }: Waiting): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      stopped.removeEventListener('abort', end)
      revoked?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    stopped.addEventListener('abort', end)
    revoked?.addEventListener('abort', end)
  })
}

/** The bounds of what waits for a fast path; beyond them batches are dropped, and the repair hop brings them. */
const FAST_PATH_LIMITS: Limits = {
  maxBatchRecords: MAX_BATCH_RECORDS,
  maxBatchBytes: MAX_BATCH_BYTES,
  maxQueueBytes: 8_388_608,
  maxQueueAgeMs: 2_000,
  returning: false,
  // People see no 10 ms, and ten times fewer script calls leave the processor to the log.
  restMs: 10,
}

/** The `--then` side: what is stored goes on to a sink, in order, once, without retry. */
export function createFastPath(sink: Sink, lanes: number, log: Log, metrics: HopMetrics) {
  let dropping = false
  const drop = (records: number, reason: string) => {
    metrics.fastPathDropped.inc({ sink: kindOf(sink) }, records)
    // One line when it begins, not one a batch: a view that is away would fill the log.
    if (!dropping) log.warn('fast path drops batches; the repair hop brings them', { sink: sink.url, reason })
    dropping = true
  }
  const commit = createGroupCommit<{ batch: Batch; records: number; bytes: number }>(
    lanes,
    FAST_PATH_LIMITS,
    async (entries) => {
      const batch = joinBatches(entries.map((entry) => entry.batch))
      const outcome = await attempt(sink, batch)
      if (outcome.verdict === Verdict.STORED) dropping = false
      else drop(recordsOf(batch), outcome.reason || 'the view refused it')
    },
  )
  metrics.watchQueue('then', commit.queuedBytes)
  return {
    offer(lane: number, batch: Batch) {
      const records = recordsOf(batch)
      if (!commit.offer(lane, { batch, records, bytes: bytesOf(batch) })) drop(records, 'its queue is full')
    },
    idle: () => commit.idle(),
  }
}
export type FastPath = ReturnType<typeof createFastPath>
