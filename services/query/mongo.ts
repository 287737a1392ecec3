// MongoDB as this program needs it: it reads and never writes, not even an index.
import type { Filter } from 'mongodb'
import { countEvents, openEvents, type EventDocument } from '../lib/mongo.ts'
import { atMost } from './stores.ts'

/** The server ends a query by itself after this long. */
const QUERY_DEADLINE_MS = 2_000
const MAX_CONNECTIONS = 16
const CLOSE_DEADLINE_MS = 300

/** The newest events first, by (time, _id). */
export type FindEvents = (filter: Filter<EventDocument>, limit: number) => Promise<EventDocument[]>

export type EventReader = {
  find: FindEvents
  /** One event by its id; null when there is none. */
  get(id: string): Promise<EventDocument | null>
  /** How many events there are, from the collection's metadata. */
  count(): Promise<number>
  close(): Promise<void>
}

export function openMongo(hosts: string[], database: string): EventReader {
  const stored = openEvents(hosts, database, {
    appName: 'freshet-query',
    socketTimeoutMS: QUERY_DEADLINE_MS + 1_000,
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
            maxTimeMS,
          })
          .toArray(),
      ),
    get: (_id) => stored.use((events) => events.findOne({ _id }, { maxTimeMS })),
    count: () => stored.use((events) => countEvents(events, maxTimeMS)),
    close: () => atMost(CLOSE_DEADLINE_MS, stored.close()),
  }
}
