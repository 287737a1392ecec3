// Asks for an event's receipt again and again, and notes when each store was first seen to have it.
import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../../pipelines/pipeline.ts'

/** Often enough to see a store's 5 ms; one that takes longer is asked again meanwhile. */
const POLL_MS = 4
/** Above the four for which the query service searches the log: the others answer for the stores at once. */
const MOST_AT_ONCE = 8
/** The query service gives up a search of the log after 2 s, its stores after as much. */
const ANSWER_DEADLINE_MS = 6_000

type Failure = { error: string }
export type Place = { topic: string; partition: number; offset: number }
/** The answer to `GET /events/<id>`. */
export type Receipt = {
  kafka: Place | Failure | null
  mongodb: ({ id: string; time: string } & Record<string, unknown>) | Failure | null
  redis: { counted: boolean } | Failure
}

/** Milliseconds of performance.now(). What an answer at `at` had, a question asked at `notYetAt` did not find. */
export type Sighting = { notYetAt?: number; at: number }

export type Watched = {
  polls: number
  place?: Place
  /** The intake's time, as the stored document has it. */
  intakeTimeMs?: number
  mongodb?: Sighting
  redis?: Sighting
}

/** Returns when the stores have the event, or at the deadline with what was seen until then. */
export async function watchReceipt(
  queryUrl: string,
  id: string,
  stores: ReadonlySet<Store>,
  deadlineMs: number,
): Promise<Watched> {
  const watched: Watched = { polls: 0 }
  const seen = { mongodb: createSighting(), redis: createSighting() }
  let failure: unknown
  const look = async () => {
    const askedAt = performance.now()
    const receipt = await ask(`${queryUrl}/events/${encodeURIComponent(id)}`)
    watched.polls++
    const { kafka, mongodb, redis } = receipt
    if (kafka && 'topic' in kafka) watched.place = kafka
    if (mongodb && 'time' in mongodb) watched.intakeTimeMs = Date.parse(mongodb.time)
    seen.mongodb.note(askedAt, mongodb !== null && 'time' in mongodb)
    seen.redis.note(askedAt, 'counted' in redis && redis.counted)
  }
  const asking = new Set<Promise<void>>()
  const has = { kafka: () => watched.place, mongodb: seen.mongodb.found, redis: seen.redis.found }
  const complete = () => [...stores].every((store) => has[store]())
  const deadline = performance.now() + deadlineMs
  while (!complete() && !failure && performance.now() < deadline) {
    if (asking.size < MOST_AT_ONCE) {
      const one = look()
        .catch((cause: unknown) => (failure = cause))
        .then(() => void asking.delete(one))
      asking.add(one)
    }
    await pause(POLL_MS)
  }
  await Promise.all(asking)
  if (failure) throw new Error('the query service gives no receipt', { cause: failure })
  const [mongodb, redis] = [seen.mongodb.found(), seen.redis.found()]
  return { ...watched, ...(mongodb && { mongodb }), ...(redis && { redis }) }
}

/** Of answers that overlap: the first that had it, and the last question that did not find it. */
function createSighting() {
  let at: number | undefined
  let notYetAt: number | undefined
  return {
    note(askedAt: number, had: boolean) {
      if (had) at ??= performance.now()
      else notYetAt = Math.max(askedAt, notYetAt ?? 0)
    },
    found: (): Sighting | undefined =>
      at === undefined ? undefined : { at, ...(notYetAt !== undefined && { notYetAt }) },
  }
}

async function ask(url: string): Promise<Receipt> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) })
  // 404 and 503 are receipts too: of an event that no store is known to have yet.
  if (![200, 404, 503].includes(answer.status)) throw new Error(`${url} answered ${answer.status}`)
  const receipt = (await answer.json()) as Partial<Receipt>
  return { kafka: null, mongodb: null, redis: { counted: false }, ...receipt }
}
