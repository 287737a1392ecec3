// Keeps the live views in Redis. What is written, and when it is refused, is in view-writer.ts.
import { createClient } from 'redis'
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { EventType } from '../../lib/event-type.ts'
import type { Log } from '../../lib/log.ts'
import type { Sink } from '../batch.ts'
import type { HopMetrics } from '../metrics.ts'
import { createViewWriter } from './view-writer.ts'

const CALL_DEADLINE_MS = 5_000
/** Redis pays per call and view, hardly per event, so what waits goes in one call; summing it takes 10 ms. */
const JOINS = { records: 32_000, bytes: 8_388_608 }
/** Commands that wait for an answer; the lanes of a hop send one at a time each. */
const MAX_COMMANDS = 1_000

export async function createRedisSink(
  endpoint: Endpoint,
  eventType: EventType,
  pipeline: string,
  log: Log,
  metrics: HopMetrics,
): Promise<Sink> {
  let down: string | undefined = 'not connected yet'

  const connect = () => {
    const opened = createClient({
      url: `redis://${endpoint.hosts[0]}`,
      disableOfflineQueue: true,
      commandsQueueMaxLength: MAX_COMMANDS,
      socket: { connectTimeout: 2_000, reconnectStrategy: (tries) => Math.min(20 * 2 ** tries, 500) },
    })
    opened.on('ready', () => (down = undefined))
    opened.on('error', (cause) => {
      if (!down) log.warn('redis is away', { cause: reasonOf(cause) })
      down = reasonOf(cause)
    })
    // Never awaited: it resolves when Redis first answers, which may be later than the start.
    opened.connect().catch((cause: unknown) => log.warn('redis did not answer', { cause: reasonOf(cause) }))
    return opened
  }
  let client = connect()

  const call = async (args: string[]): Promise<unknown> => {
    const used = client
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`redis: no answer in ${CALL_DEADLINE_MS} ms`))
        // A connection whose other end vanished stays open for a quarter of an hour, so it is given up.
        if (client !== used) return
        down = `no answer in ${CALL_DEADLINE_MS} ms`
        client = connect()
        used.destroy()
      }, CALL_DEADLINE_MS)
    })
    try {
      return await Promise.race([used.sendCommand(args), late])
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    url: endpoint.url,
    notReady: () => (down === undefined ? undefined : `${endpoint.url}: ${down}`),
    joins: JOINS,
    write: createViewWriter(call, eventType, pipeline, log, metrics),
    close() {
      client.destroy()
      return Promise.resolve()
    },
  }
}
