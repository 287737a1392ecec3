import type { KafkaPipeline } from './pipeline.ts'

/**
 * Votes for albums, by two producers side by side: HTTP → gRPC → Kafka and HTTP → Wasm → HTTP → Kafka; then one consumer
 * → Redis counters and one → MongoDB log.
 */
export const pipeline: KafkaPipeline = {
  name: 'votes',
  event: 'scenarios.BandVote',
  namespace: 'so1-proyecto2',
  topic: { name: 'votes', partitions: 3 },
  database: 'votes',
  hops: {
    client: { pod: 'producer', ingress: 'traefik', from: { http: 8080 }, to: [{ hop: 'server' }] },
    server: { pod: 'producer', from: { grpc: 50051 }, to: [{ store: 'kafka' }] },
    'wasm-client': {
      pod: 'wasm-producer',
      ingress: 'traefik',
      from: { http: 8082, encode: 'wasm' },
      to: [{ hop: 'wasm-server' }],
    },
    'wasm-server': { pod: 'wasm-producer', from: { 'hop-http': 50052 }, to: [{ store: 'kafka' }] },
    archiver: { pod: 'archiver', from: { group: 'votes-archiver' }, to: [{ store: 'mongodb' }] },
    counter: { pod: 'counter', from: { group: 'votes-counter' }, to: [{ store: 'redis' }] },
  },
  query: { port: 8081, ingress: 'traefik' },
  rows: 'loadtest/data/votes.json',
}
