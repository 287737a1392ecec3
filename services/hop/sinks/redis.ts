// Keeps the live views in Redis. What is written, and when it is refused, is in view-writer.ts.
import type { Endpoint } from '../../lib/endpoint.ts'
import type { EventType } from '../../lib/event-type.ts'
import type { Log } from '../../lib/log.ts'
import type { Sink } from '../batch.ts'
import type { HopMetrics } from '../metrics.ts'
import { openRedis } from '../redis-connection.ts'
import { createViewWriter } from './view-writer.ts'

/** Redis pays per call and view, hardly per event, so what waits goes in one call; summing it takes 10 ms. */
const JOINS = { records: 32_000, bytes: 8_388_608 }

export async function createRedisSink(
  endpoint: Endpoint,
  eventType: EventType,
  pipeline: string,
  log: Log,
  metrics: HopMetrics,
): Promise<Sink> {
  const redis = openRedis(endpoint.hosts[0]!, log)
  return {
    url: endpoint.url,
    notReady() {
      const reason = redis.notReady()
      return reason === undefined ? undefined : `${endpoint.url}: ${reason}`
    },
    joins: JOINS,
    write: createViewWriter(redis.call, eventType, pipeline, log, metrics),
    close() {
      redis.close()
      return Promise.resolve()
    },
  }
}
