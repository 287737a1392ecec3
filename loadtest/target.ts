// What the pipeline says of itself while it is loaded, by its query service: whether all arrived, and how soon.
import { setTimeout as pause } from 'node:timers/promises'
import { percentileOf } from './bench/statistics.ts'

export type Visible = { p50: number; p99: number; samples: number }

export type TargetReport = {
  /** How much of what was accepted each store had not got at the end; 0 is right. */
  missing: { kafka?: number; mongodb: number; redis: number }
  /** From the last answer until each store had as much as was accepted; absent when that did not come. */
  drainedMs?: number
  /** From a 202 to a receipt that says so, of single events; a poll, one at a time, is part of it. */
  visibleMs: { redis?: Visible; mongodb?: Visible }
}

type Counts = { kafka?: number; mongodb: number; redis: number }

const ANSWER_DEADLINE_MS = 5_000
const DRAIN_DEADLINE_MS = 60_000
/** A sample each time, for receipts cost the stores something. */
const SAMPLE_MS = 250
const POLL_MS = 5
const SAMPLE_DEADLINE_MS = 10_000

/** Throws when the query service does not answer. */
export async function watchTarget(query: URL): Promise<{
  /** To be called with each accepted event's id. */
  onAccepted: (id: string) => void
  finish: (accepted: number) => Promise<TargetReport>
}> {
  const before = await readCounts(query)
  const seen: Record<'redis' | 'mongodb', number[]> = { redis: [], mongodb: [] }
  let latest: { id: string; at: number } | undefined
  let finished = false
  const sampling = (async () => {
    while (!finished) {
      const sample = latest
      latest = undefined
      if (sample) await follow(query, sample, seen)
      await pause(SAMPLE_MS)
    }
  })()
  return {
    onAccepted: (id) => (latest = { id, at: performance.now() }),
    async finish(accepted) {
      const endedAt = performance.now()
      finished = true
      await sampling
      const missingNow = async () => missingOf(before, await readCounts(query), accepted)
      let missing = await missingNow()
      while (Math.max(...Object.values(missing)) > 0 && performance.now() - endedAt < DRAIN_DEADLINE_MS) {
        await pause(POLL_MS * 10)
        missing = await missingNow()
      }
      const drained = Math.max(...Object.values(missing)) === 0
      return {
        missing,
        ...(drained && { drainedMs: Math.round(performance.now() - endedAt) }),
        visibleMs: {
          ...(seen.redis.length > 0 && { redis: visibleOf(seen.redis) }),
          ...(seen.mongodb.length > 0 && { mongodb: visibleOf(seen.mongodb) }),
        },
      }
    },
  }
}

const visibleOf = (values: number[]): Visible => ({
  p50: percentileOf(values, 50),
  p99: percentileOf(values, 99),
  samples: values.length,
})

async function follow(
  query: URL,
  { id, at }: { id: string; at: number },
  seen: Record<'redis' | 'mongodb', number[]>,
): Promise<void> {
  const waiting = new Set(['redis', 'mongodb'] as const)
  while (waiting.size > 0 && performance.now() - at < SAMPLE_DEADLINE_MS) {
    const receipt = await ask<{ mongodb?: { error?: string } | null; redis?: { counted?: boolean } }>(
      new URL(`/events/${id}`, query),
    ).catch(() => undefined)
    const ms = performance.now() - at
    const found = {
      redis: receipt?.redis?.counted === true,
      mongodb: Boolean(receipt?.mongodb) && receipt?.mongodb?.error === undefined,
    }
    for (const store of waiting) {
      if (!found[store]) continue
      seen[store].push(ms)
      waiting.delete(store)
    }
    if (waiting.size > 0) await pause(POLL_MS)
  }
}

function missingOf(before: Counts, now: Counts, accepted: number): TargetReport['missing'] {
  const missing = (store: keyof Counts) => Math.max(0, accepted - (now[store]! - before[store]!))
  return {
    ...(before.kafka !== undefined && { kafka: missing('kafka') }),
    mongodb: missing('mongodb'),
    redis: missing('redis'),
  }
}

async function readCounts(query: URL): Promise<Counts> {
  const { log, mongodb, redis } = await ask<{
    log?: { records?: number; partitions?: Record<string, { high: number }> }
    mongodb?: { documents?: number }
    redis?: { total?: number }
  }>(new URL('/ledger', query))
  if (!mongodb || !redis) throw new TargetError(`no query service answers at ${query.href}`)
  const count = (value: number | undefined, store: string) => {
    if (value === undefined) throw new TargetError(`${query.href} does not know ${store} at the moment`)
    return value
  }
  return {
    // What a retention takes away was there: by the ends of the partitions, not by their lengths.
    ...(log && {
      kafka: Object.values(log.partitions ?? {}).reduce((sum, { high }) => sum + high, 0),
    }),
    mongodb: count(mongodb.documents, 'MongoDB'),
    redis: count(redis.total, 'Redis'),
  }
}

/** The query service does not answer as one. */
export class TargetError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TargetError'
  }
}

async function ask<T>(url: URL): Promise<T> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) })
    return (await response.json()) as T
  } catch (cause) {
    throw new TargetError(`no query service answers at ${url.href}`, { cause })
  }
}
