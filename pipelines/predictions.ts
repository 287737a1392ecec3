import type { KafkaPipeline } from './pipeline.ts'

const topic = { name: 'predictions', partitions: 4 }

/** Football predictions: HTTP → gRPC → Kafka → MongoDB, and Kafka → gRPC into a second cluster → Redis. */
export const pipeline: KafkaPipeline = {
  name: 'predictions',
  event: 'scenarios.Prediction',
  namespace: 'predictions',
  topic,
  database: 'predictions',
  hops: {
    api: { pod: 'intake', ingress: 'gateway', from: { http: 8080 }, to: [{ hop: 'publisher' }] },
    publisher: { pod: 'intake', from: { grpc: 50051 }, to: [{ store: 'kafka' }] },
    archiver: { pod: 'consumer', from: { group: 'predictions-archiver' }, to: [{ store: 'mongodb' }] },
    // A round trip to the other cluster is long, so every partition has a batch on its way.
    relay: {
      pod: 'consumer',
      from: { group: 'predictions-relay' },
      to: [{ hop: 'live-writer' }],
      lanes: topic.partitions,
    },
    'live-writer': { pod: 'live-writer', from: { grpc: 50052 }, to: [{ store: 'redis' }] },
  },
  query: { port: 8081, ingress: 'gateway' },
  secondCluster: ['live-writer', 'query'],
  rows: 'loadtest/data/predictions.json',
}
