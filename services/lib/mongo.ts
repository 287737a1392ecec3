// Where and how MongoDB holds events.
import {
  MongoClient,
  MongoServerError,
  MongoServerSelectionError,
  type Collection,
  type Db,
  type MongoClientOptions,
} from 'mongodb'

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
  /** The W3C trace context of an event that is traced. */
  traceparent?: string
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

export type Events = {
  /** Calls `work` with the events of the database; what it does with them ends when it resolves. */
  use<T>(work: (events: Collection<EventDocument>, db: Db) => Promise<T>): Promise<T>
  /** For a cursor, whose failure replaces nothing. */
  current(): Collection<EventDocument>
  close(): Promise<void>
}

/**
 * Opens the events of a database. A client that finds no server is replaced: when a connection dies at the moment in
 * which the driver's monitor asks over it, that monitor waits for ever, and its client never finds the server again
 * (mongodb 7.9: a write to a destroyed socket waits for `drain`).
 */
export function openEvents(hosts: string[], database: string, options: MongoClientOptions): Events {
  const open = () =>
    new MongoClient(`mongodb://${hosts.join(',')}`, {
      serverSelectionTimeoutMS: 2_000,
      connectTimeoutMS: 2_000,
      ...options,
    })
  let client = open()
  const eventsOf = (db: Db) => db.collection<EventDocument>(EVENTS_COLLECTION)
  return {
    current: () => eventsOf(client.db(database)),
    async use(work) {
      const used = client
      try {
        const db = used.db(database)
        return await work(eventsOf(db), db)
      } catch (cause) {
        if (cause instanceof MongoServerSelectionError && used === client) {
          client = open()
          // Nothing waits for what is given up.
          used.close().catch(() => undefined)
        }
        throw cause
      }
    },
    close: () => client.close(),
  }
}
