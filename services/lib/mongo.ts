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
  /** Where the log has it: in Kafka, or by when MongoDB is the log. */
  log?: KafkaPlace | MongoPlace
  [field: string]: unknown
}

export type KafkaPlace = { topic: string; partition: number; offset: number }

/** Where MongoDB is the log, its reader reads by the time of the insert, and needs the event's whole time. */
export type MongoPlace = {
  /** When the insert that stored it was tried, by the clock of the hop that did. */
  at: Date
  /** The intake's time in microseconds since 1970. */
  timeUs: number
}

/** The index by which the log is read. */
export const LOG_INDEX = { 'log.at': 1 } as const

/**
 * The reader reads again what was stored this long before its last look. Above the longest that an insert takes from
 * its stamp until it is seen (the sink's limits), and above what clocks differ by.
 */
export const LOG_OVERLAP_MS = 30_000

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
