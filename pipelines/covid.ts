import type { MongoPipeline } from './pipeline.ts'

/**
 * COVID-19 cases, in two ways: HTTP → gRPC → MongoDB, then Redis; and HTTP → Redis pub/sub → MongoDB, then Redis.
 * MongoDB is the log.
 */
export const pipeline: MongoPipeline = {
  name: 'covid',
  event: 'scenarios.CovidCase',
  namespace: 'covid',
  partitions: 3,
  database: 'covid',
  hops: {
    'api-grpc': {
      pod: 'intake-grpc',
      ingress: 'contour',
      delivery: 'canary',
      from: { http: 8080 },
      to: [{ hop: 'writer' }],
    },
    writer: {
      pod: 'writer',
      from: { grpc: 50051 },
      to: [{ store: 'mongodb' }],
      fastPaths: [{ store: 'redis' }],
    },
    'api-pubsub': {
      pod: 'intake-pubsub',
      ingress: 'traefik',
      delivery: 'traffic-split',
      from: { http: 8082 },
      to: [{ hop: 'subscriber' }],
    },
    // What it answers 202 to may be lost when the subscriber dies: a channel keeps nothing.
    subscriber: {
      pod: 'subscriber',
      from: { 'redis-pubsub': 'covid' },
      to: [{ store: 'mongodb' }],
      fastPaths: [{ store: 'redis' }],
    },
    // Normally it finds everything done by the fast paths.
    repair: { pod: 'repair', from: { log: 'mongodb' }, to: [{ store: 'redis' }] },
  },
  query: { port: 8081, ingress: 'contour', delivery: 'blue-green' },
  rows: 'loadtest/data/covid.json',
}
