// Reads the log of a pipeline whose log is MongoDB, about once a second: it has no consumers to wake, and the local
// stand-in no change streams. What a look does is in log-looks.ts.
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { EventType } from '../../lib/event-type.ts'
import type { Log } from '../../lib/log.ts'
import { countEvents, LOG_INDEX, openEvents } from '../../lib/mongo.ts'
import type { Deliver, Source } from '../batch.ts'
import { createLogLooks, type Documents } from './log-looks.ts'

const PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 10_000
/** A look takes at most a fifth of the time: without indexes (the stand-in has none) it reads every document. */
const REST = 4
const QUERY_DEADLINE_MS = 60_000

export function createMongodbSource(
  endpoint: Endpoint,
  eventType: EventType,
  deliver: Deliver,
  stopped: AbortSignal,
  log: Log,
): Source {
  const stored = openEvents(endpoint.hosts, endpoint.path, {
    appName: 'freshet-log',
    socketTimeoutMS: QUERY_DEADLINE_MS + 2_000,
    maxPoolSize: 4,
  })
  // What a failover may take back must not be counted.
  const options = { readConcern: { level: 'majority' }, maxTimeMS: QUERY_DEADLINE_MS } as const
  const documents: Documents = {
    count: () => stored.use((events) => countEvents(events, QUERY_DEADLINE_MS)),
    // Every look asks for the count first, so a client that finds no server is replaced by then.
    since: (at) => stored.current().find({ 'log.at': { $gte: at } }, { ...options, sort: LOG_INDEX }),
    byIds: (ids) => stored.use((events) => events.find({ _id: { $in: ids } }, options).toArray()),
  }
  const looks = createLogLooks(documents, eventType, deliver, stopped, log)
  let down: string | undefined = 'not read yet'
  let indexed = false
  let closing = false
  let wake = () => {}

  const look = async (): Promise<boolean> => {
    if (!indexed) await stored.use((events) => events.createIndex(LOG_INDEX))
    indexed = true
    return looks.look()
  }
  const keepLooking = async () => {
    while (!closing) {
      const began = performance.now()
      let busy = false
      try {
        busy = await look()
        down = undefined
      } catch (cause) {
        if (!down || !indexed) log.warn('the log is away', { cause: reasonOf(cause) })
        down = reasonOf(cause)
      }
      const restMs = busy ? REST * (performance.now() - began) : 0
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(Math.max(restMs, PAUSE_MS), LONGEST_PAUSE_MS))
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
        if (closing) wake()
      })
    }
  }
  const looking = keepLooking()

  return {
    notReady: () => (down === undefined ? undefined : `${endpoint.url}: ${down}`),
    async close() {
      closing = true
      wake()
      await looking
      await stored.close()
    },
  }
}
