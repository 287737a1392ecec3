// Where and how MongoDB holds events.
import { MongoServerError, type Collection } from 'mongodb'

/** One document an event: `_id` (the event id), the schema's fields, `time`, `route`, `log`. */
export const EVENTS_COLLECTION = 'events'

export type EventDocument = {
  _id: string
  /** The intake's time, millisecond precision. */
  time: Date
  /** The name of the hop that took it in. */
  route: string
  /** Where the log has it; absent when MongoDB is the log. */
  log?: { topic: string; partition: number; offset: number }
  [field: string]: unknown
}

/** Nothing was stored yet, so the collection does not exist. */
const NAMESPACE_NOT_FOUND = 26

/**
 * How many events there are, from the collection's metadata. (`count` reads every document on FerretDB, 60 µs each.)
 */
export async function countEvents(events: Collection<EventDocument>, maxTimeMS: number): Promise<number> {
  try {
    const parts = await events
      .aggregate<{ count: number }>([{ $collStats: { count: {} } }], { maxTimeMS })
      .toArray()
    return parts.reduce((sum, { count }) => sum + Number(count), 0)
  } catch (cause) {
    if (cause instanceof MongoServerError && cause.code === NAMESPACE_NOT_FOUND) return 0
    throw cause
  }
}
