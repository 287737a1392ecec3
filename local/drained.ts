// Waits until every store has what was accepted.
import { setTimeout as pause } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { createClient } from 'redis'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { countEvents, EVENTS_COLLECTION, type EventDocument } from '../services/lib/mongo.ts'
import { viewsOf } from '../services/lib/views.ts'
import { loadEventType } from '../services/lib/event-type.ts'
import type { Stores } from './audit.ts'

const POLL_MS = 10

export type Drained = { mongodb: number; redis: number; complete: boolean }

/** Resolves when MongoDB and Redis hold `events` each, or at the deadline with what they hold then. */
export async function waitUntilDrained(
  pipeline: Pipeline,
  stores: Stores,
  events: number,
  deadlineMs: number,
): Promise<Drained> {
  const { total } = viewsOf(loadEventType(pipeline.event).schema, pipeline.name)
  const mongo = new MongoClient(stores.mongoUrl, { serverSelectionTimeoutMS: 5_000 })
  const redis = createClient({ url: stores.redisUrl })
  await redis.connect()
  const collection = mongo.db(pipeline.database).collection<EventDocument>(EVENTS_COLLECTION)
  const deadline = Date.now() + deadlineMs
  try {
    for (let found = { mongodb: 0, redis: 0 }; ;) {
      const began = performance.now()
      // One store at a time, and by the count that costs least, so that asking does not slow the answer.
      found.redis = Number((await redis.get(total)) ?? 0)
      if (found.redis >= events) found.mongodb = await countEvents(collection, deadlineMs)
      const complete = found.redis >= events && found.mongodb >= events
      if (complete || Date.now() >= deadline) return { ...found, complete }
      // A count may cost the store as much as inserts do; asking takes at most a fifth of its time.
      await pause(Math.max(POLL_MS, (performance.now() - began) * 4))
    }
  } finally {
    redis.destroy()
    await mongo.close()
  }
}
