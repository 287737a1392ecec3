import type { KafkaPipeline } from './pipeline.ts'

/** Weather tweets: HTTP → gRPC → Kafka → MongoDB, and HTTP → WebSocket → Redis as the fast path. */
export const pipeline: KafkaPipeline = {
  name: 'weather',
  event: 'scenarios.WeatherTweet',
  namespace: 'project',
  topic: { name: 'messages', partitions: 3 },
  database: 'weather',
  hops: {
    api: {
      pod: 'intake',
      ingress: 'nginx',
      from: { http: 8080 },
      to: [{ hop: 'publisher' }],
      fastPaths: [{ hop: 'live-writer' }],
    },
    publisher: { pod: 'intake', from: { grpc: 50051 }, to: [{ store: 'kafka' }] },
    'live-writer': { pod: 'intake', from: { ws: 9001 }, to: [{ store: 'redis' }] },
    archiver: { pod: 'archiver', from: { group: 'archiver' }, to: [{ store: 'mongodb' }] },
    // Normally it finds everything done by the fast path, so it need not hurry.
    repair: { pod: 'repair', from: { group: 'repair', waitMs: 500 }, to: [{ store: 'redis' }] },
  },
  query: { port: 8081, ingress: 'nginx' },
  rows: 'loadtest/data/weather.json',
}
