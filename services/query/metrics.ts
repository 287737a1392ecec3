// What the query program counts: freshet_query_*, with the constant label pipeline.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type QueryMetrics = ReturnType<typeof createQueryMetrics>

export function createQueryMetrics(pipeline: string) {
  const registry = new Registry()
  registry.setDefaultLabels({ pipeline })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'freshet_query_request_seconds',
      help: 'Time from a request until its answer, by route and status.',
      labelNames: ['route', 'status'],
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
      registers,
    }),
    storeUp: new Gauge({
      name: 'freshet_query_store_up',
      help: 'Whether the last call to a store was answered.',
      labelNames: ['store'],
      registers,
    }),
    liveReads: new Counter({
      name: 'freshet_query_live_reads_total',
      help: 'Reads of all live views.',
      registers,
    }),
    watchers: new Gauge({ name: 'freshet_query_watchers', help: 'Open live WebSockets.', registers }),
    messages: new Counter({
      name: 'freshet_query_live_messages_total',
      help: 'Messages to live WebSockets.',
      registers,
    }),
    skipped: new Counter({
      name: 'freshet_query_live_messages_skipped_total',
      help: 'Messages that a slow live WebSocket was not sent; it gets the full state when it has caught up.',
      registers,
    }),
    logScans: new Counter({
      name: 'freshet_query_log_scans_total',
      help: 'Searches of the log for an event that MongoDB does not have yet.',
      registers,
    }),
  }
}
