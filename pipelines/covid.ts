import type { Pipeline } from './pipeline.ts'

/** COVID-19 cases: HTTP → gRPC → Kafka → MongoDB and Redis. */
export const pipeline: Pipeline = {
  name: 'covid',
  event: 'scenarios.CovidCase',
  namespace: 'covid',
  topic: { name: 'cases', partitions: 3 },
  database: 'covid',
  hops: {
    api: { pod: 'intake', ingress: 'contour', from: { http: 8080 }, to: [{ hop: 'publisher' }] },
    publisher: { pod: 'intake', from: { grpc: 50051 }, to: [{ store: 'kafka' }] },
    archiver: { pod: 'archiver', from: { group: 'covid-archiver' }, to: [{ store: 'mongodb' }] },
    'live-writer': { pod: 'live-writer', from: { group: 'covid-live-writer' }, to: [{ store: 'redis' }] },
  },
  query: { port: 8081, ingress: 'contour' },
  rows: 'loadtest/data/covid.json',
}
