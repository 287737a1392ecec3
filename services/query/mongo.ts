// MongoDB as this program needs it: it reads and never writes, not even an index.
import type { Filter } from 'mongodb'
import { countEvents, openEvents, type EventDocument } from '../lib/mongo.ts'
import type { CountGroups } from './stored-counts.ts'
import { atMost } from './stores.ts'

/** The server ends a query by itself after this long. */
const QUERY_DEADLINE_MS = 2_000
/** A page of the log, and a count. The local stand-in has no index but `_id`: it reads all, 30 µs an event. */
export const SCAN_DEADLINE_MS = 8_000
const MAX_CONNECTIONS = 16
const CLOSE_DEADLINE_MS = 300

/** The newest events first, by (time, _id). */
export type FindEvents = (filter: Filter<EventDocument>, limit: number) => Promise<EventDocument[]>

/** `data` before compression; `storage` with the indexes, as it lies on disk. */
export type DatabaseSize = { dataBytes: number; storageBytes: number }

export type EventReader = {
  find: FindEvents
  /** One event by its id; null when there is none. */
  get(id: string): Promise<EventDocument | null>
  /** How many events there are, from the collection's metadata. */
  count(): Promise<number>
  /** Where MongoDB is the log: counts of what was stored from one time to before another. */
  countGroups: CountGroups
  /** Where MongoDB is the log: when the first event was stored. */
  firstAt(): Promise<Date | undefined>
  /** Of the whole database. */
  size(): Promise<DatabaseSize>
  close(): Promise<void>
}

export function openMongo(hosts: string[], database: string): EventReader {
  const stored = openEvents(hosts, database, {
    appName: 'freshet-query',
    socketTimeoutMS: SCAN_DEADLINE_MS + 1_000,
    waitQueueTimeoutMS: QUERY_DEADLINE_MS,
    maxPoolSize: MAX_CONNECTIONS,
    retryReads: false,
  })
  const maxTimeMS = QUERY_DEADLINE_MS
  return {
    find: (filter, limit) =>
      stored.use((events) =>
        events
          .find(filter, {
            sort: { time: -1, _id: -1 },
            limit,
            batchSize: limit,
            singleBatch: true,
            maxTimeMS: SCAN_DEADLINE_MS,
          })
          .toArray(),
      ),
    get: (_id) => stored.use((events) => events.findOne({ _id }, { maxTimeMS })),
    count: () => stored.use((events) => countEvents(events, maxTimeMS)),
    countGroups: (fields, from, to) =>
      stored.use(async (events) => {
        const groups = await events
          .aggregate<{ _id: Record<string, unknown>; count: number }>(
            [
              { $match: { 'log.at': { $gte: from, ...(to && { $lt: to }) } } },
              {
                $group: {
                  _id: Object.fromEntries(fields.map((name, index) => [`v${index}`, `$${name}`])),
                  count: { $sum: 1 },
                },
              },
            ],
            { maxTimeMS: SCAN_DEADLINE_MS },
          )
          .toArray()
        return groups.map(({ _id, count }) => ({
          values: fields.map((_name, index) => String(_id[`v${index}`])),
          count: Number(count),
        }))
      }),
    firstAt: () =>
      stored.use(async (events) => {
        const options = { sort: { 'log.at': 1 }, limit: 1, maxTimeMS: SCAN_DEADLINE_MS } as const
        const [first] = await events.find({ 'log.at': { $exists: true } }, options).toArray()
        return first?.log && 'at' in first.log ? first.log.at : undefined
      }),
    size: () =>
      stored.use(async (_events, db) => {
        const { dataSize, storageSize, indexSize } = await db.command({ dbStats: 1, maxTimeMS })
        return { dataBytes: Number(dataSize), storageBytes: Number(storageSize) + Number(indexSize) }
      }),
    close: () => atMost(CLOSE_DEADLINE_MS, stored.close()),
  }
}
