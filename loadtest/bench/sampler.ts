// Posts a few events beside the load, and watches when each becomes visible in Redis and in MongoDB.
import { setTimeout as pause } from 'node:timers/promises'
import { parseEventId } from '../../services/lib/views.ts'
import { Connection, encodeRequest, type Outcome } from '../client.ts'
import type { Row } from '../data-file.ts'
import type { ReadFences } from './fences.ts'

export const SAMPLE_MS = 10
const CONNECTIONS = 16
/** A poll begins so long after the answer to the one before. */
const REDIS_POLL_MS = 2
const MONGODB_POLL_MS = 10

const stores = ['redis', 'mongodb'] as const
export type Store = (typeof stores)[number]

export type Seen = {
  /** From the 202 to the poll that found it. */
  latenciesMs: number[]
  /** The same from the request: a 202 means less on one way than on another. */
  sinceSentMs: number[]
  /** From poll to poll: what the latencies may be too long by. */
  pollsMs: number[]
}

export type Sampler = {
  /** Samples answered 202, and those that may be stored without such an answer. */
  counts(): { accepted: number; unknown: number }
  /** How long ago the oldest sample that is not visible yet was accepted; 0 when all are. */
  behindMs(): Record<Store, number>
  /** From now on samples are recorded anew. */
  record(): Record<Store, Seen>
  /** Posts no more, and goes on watching. */
  pause(): void
  /** Whether every post was answered. */
  answered(): boolean
  /** Throws what made a watcher stop. */
  check(): void
  /** Posts no more and watches no more. */
  stop(): Promise<void>
}

type Sample = { id: string; seq: number; sentAt: number; acceptedAt: number; seen: Seen }
/** Samples that are not visible yet, oldest first, by `<origin>-<partition>`. */
type Waiting = Map<string, Sample[]>

export type SamplerOptions = {
  intake: URL
  rows: readonly Row[]
  fences: { redis: ReadFences; mongodb: ReadFences }
}

export function startSampler(options: SamplerOptions): Sampler {
  const { intake, rows, fences } = options
  const waiting = { redis: new Map() as Waiting, mongodb: new Map() as Waiting }
  const newSeen = (): Seen => ({ latenciesMs: [], sinceSentMs: [], pollsMs: [] })
  let seen = { redis: newSeen(), mongodb: newSeen() }
  let accepted = 0
  let unknown = 0
  let stopped = false
  let failure: unknown

  const onOutcome = (outcome: Outcome, connection: Connection) => {
    const acceptedAt = performance.now()
    const { sentAt } = connection
    free.push(connection)
    if (!('status' in outcome) || outcome.status !== 202) {
      unknown++
      return
    }
    accepted++
    const { id } = JSON.parse(outcome.body) as { id: string }
    const { origin, partition, seq } = parseEventId(id)!
    const name = `${origin}-${partition}`
    for (const store of stores) {
      const samples = waiting[store].get(name) ?? []
      waiting[store].set(name, samples)
      samples.push({ id, seq: Number(seq), sentAt, acceptedAt, seen: seen[store] })
    }
  }
  const connections = Array.from({ length: CONNECTIONS }, () => new Connection(intake, onOutcome))
  const free = [...connections]
  const requests = rows.map((row) => encodeRequest(intake, JSON.stringify(row)))
  let next = 0
  const timer = setInterval(() => free.pop()?.send(requests[next++ % requests.length]!), SAMPLE_MS)

  const take = (samples: Sample[]) => {
    const sample = samples.shift()!
    const now = performance.now()
    sample.seen.latenciesMs.push(now - sample.acceptedAt)
    sample.seen.sinceSentMs.push(now - sample.sentAt)
  }
  const look = async (store: Store) => {
    const ids = [...waiting[store]].map(([name, samples]) => [name, samples.map(({ id }) => id)] as const)
    const visible = await fences[store](new Map(ids))
    for (const [name, samples] of waiting[store])
      while (samples[0] && samples[0].seq <= (visible.get(name) ?? 0)) take(samples)
  }
  const watch = async (store: Store, pollMs: number) => {
    for (let last = performance.now(); !stopped;) {
      await look(store)
      const now = performance.now()
      seen[store].pollsMs.push(now - last)
      last = now
      await pause(pollMs)
    }
  }
  const watching = Promise.all([watch('redis', REDIS_POLL_MS), watch('mongodb', MONGODB_POLL_MS)]).catch(
    (cause: unknown) => (failure = cause),
  )
  const behind = (store: Waiting) => {
    const oldest = Math.min(...[...store.values()].map((samples) => samples[0]?.acceptedAt ?? Infinity))
    return Math.max(0, performance.now() - oldest)
  }
  return {
    counts: () => ({ accepted, unknown }),
    behindMs: () => ({ redis: behind(waiting.redis), mongodb: behind(waiting.mongodb) }),
    record: () => (seen = { redis: newSeen(), mongodb: newSeen() }),
    pause: () => clearInterval(timer),
    answered: () => connections.every(({ busy }) => !busy),
    check() {
      if (failure) throw new Error('the sampler stopped', { cause: failure })
    },
    async stop() {
      if (stopped) return
      stopped = true
      clearInterval(timer)
      unknown += connections.filter(({ busy }) => busy).length
      for (const connection of connections) connection.close()
      await watching
    },
  }
}
