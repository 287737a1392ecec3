// The rows of the table: every source and every sink of a hop, and how each is driven. A new one is a row here.
import { readRows } from '../../loadtest/data-file.ts'
import { pipeline as weather } from '../../pipelines/weather.ts'
import { readArguments, type HopArguments } from '../../services/hop/arguments.ts'
import type { Deliver, Source } from '../../services/hop/batch.ts'
import { createSink } from '../../services/hop/hop.ts'
import { createHopMetrics } from '../../services/hop/metrics.ts'
import { createConnectSource } from '../../services/hop/sources/connect.ts'
import { createGrpcSource } from '../../services/hop/sources/grpc.ts'
import { createHopHttpSource } from '../../services/hop/sources/hop-http.ts'
import { createRedisPubsubSource } from '../../services/hop/sources/redis-pubsub.ts'
import { createRedisStreamSource } from '../../services/hop/sources/redis-stream.ts'
import { createWsSource } from '../../services/hop/sources/ws.ts'
import type { Endpoint } from '../../services/lib/endpoint.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { projectRoot } from '../../local/session.ts'
import { startProxy, type Proxy } from '../proxy.ts'
import { openBatchObserver } from './batch-observer.ts'
import type { FaultName } from './faults.ts'
import type { Feeder } from './feeder.ts'
import { openKafkaObserver } from './kafka-observer.ts'
import { openMongodbObserver } from './mongodb-observer.ts'
import type { Observer } from './observer.ts'
import { openPostFeeder } from './post-feeder.ts'
import { quiet } from './quiet.ts'
import { openRedisObserver } from './redis-observer.ts'
import { openSinkFeeder } from './sink-feeder.ts'
import { openSocketFeeder } from './socket-feeder.ts'
import type { Stores } from './stores.ts'

export const PARTITIONS = 2
const eventType = loadEventType(weather.event)
const rows = (await readRows(`${projectRoot}${weather.rows}`)).slice(0, 500)
const metrics = createHopMetrics('conformance', 'around')
/** Small, so that a stream whose reader does not get on is soon full. */
const BACKLOG_BYTES = 100_000

export type Impossible = Partial<Record<FaultName, string>>

export type SourceRow = {
  /** The URL of --from. `port` is a free one, for sources that listen. */
  from(stores: Stores, name: string, port: number): string
  /** Whether feeders connect to the hop itself, and so see it die. */
  listens: boolean
  /** Whether what is acknowledged may be in the source only: the sinks get it later. */
  keeps: boolean
  /** Whether what is under way is lost when the hop dies. */
  loses?: true
  /** With a sink that also does: it is asked what it has before it is sent anything. */
  asksFirst?: true
  /** What it refuses more than it may take with. */
  tooMuch: RegExp
  /** How many events meet a sink that is down, and which refusals must be among the answers; none: all are kept. */
  whileDown: { events: number; refusals: RegExp[] }
  /** What a topic needs before it is used. */
  prepare?(stores: Stores, name: string): Promise<void>
  /** `port` is where the hop is reached, when it listens. */
  open(stores: Stores, name: string, port: number): Promise<Feeder> | Feeder
  impossible?: Impossible
}

export type SinkRow = {
  /** The URL of --to, by way of `port`. */
  to(name: string, port: number): string
  /** The way to what stands behind the sink; `port` is where an observer may listen. */
  way(stores: Stores, port: number): Promise<Proxy>
  /** Whether an event that comes again is left out. */
  dedupes: boolean
  /** Whether it only has what somebody hears at that moment, so that it is down when its observer left. */
  heardOnly?: true
  asksFirst?: true
  prepare?(stores: Stores, name: string): Promise<void>
  open(stores: Stores, name: string, port: number): Promise<Observer> | Observer
}

/** Arguments of a hop; with one end only, those of what stands around it. */
export function hopOf(name: string, from = 'http://127.0.0.1:1', to = 'ws://127.0.0.1:1'): HopArguments {
  const common = ['--event', weather.event, '--pipeline', name, '--partitions', String(PARTITIONS)]
  return readArguments([...common, '--name', name, '--from', from, '--to', to])
}

/** An upstream hop that sends to `to`. */
async function upstream(name: string, to: string): Promise<Feeder> {
  const hop = hopOf(name, undefined, to)
  const sink = await createSink(hop.to[0]!, { hop, eventType, log: quiet, metrics })
  return openSinkFeeder(sink, name, PARTITIONS, rows, eventType)
}

const numbersItself: Impossible = {
  'late duplicate':
    'an intake numbers what clients post, so nothing reaches it with a number that it had before',
}
const intake = (
  query: string,
  open: (port: number, some: typeof rows) => Feeder,
  tooMuch: RegExp,
): SourceRow => ({
  from: (_stores, _name, port) => `http://127.0.0.1:${port}${query}`,
  listens: true,
  keeps: false,
  tooMuch,
  whileDown: {
    events: 250,
    refusals: [/^503 not stored: the queue is full/, /^503 may or may not be stored: /],
  },
  open: (_stores, _name, port) => open(port, rows),
  impossible: numbersItself,
})
const link = (scheme: string): SourceRow => ({
  from: (_stores, _name, port) => `${scheme}://127.0.0.1:${port}`,
  listens: true,
  keeps: false,
  tooMuch: /^REJECTED: .*2097152/,
  whileDown: { events: 12, refusals: [/^FAILED: ./] },
  open: (_stores, name, port) => upstream(name, `${scheme}://127.0.0.1:${port}`),
})

export const sources: Record<string, SourceRow> = {
  http: intake('', openPostFeeder, /^413 the body is above 65536 bytes$/),
  'http, WebSocket': intake('', openSocketFeeder, /^closed 1008 a frame holds 1 to 1000 events$/),
  'http, encode=wasm': intake('?encode=wasm', openPostFeeder, /^413 the body is above 65536 bytes$/),
  grpc: link('grpc'),
  ws: link('ws'),
  'hop-http': link('hop-http'),
  connect: link('connect'),
  'redis-pubsub': {
    from: ({ nearRedis }, name) => `redis-pubsub://${nearRedis}/${name}`,
    listens: false,
    keeps: true,
    loses: true,
    tooMuch: /^REJECTED: .*2097152/,
    whileDown: { events: 12, refusals: [] },
    open: ({ nearRedis }, name) => upstream(name, `redis-pubsub://${nearRedis}/${name}`),
  },
  'redis-stream': {
    from: ({ nearRedis }) => `redis-stream://${nearRedis}?group=conformance`,
    listens: false,
    keeps: true,
    tooMuch: /^REJECTED: .*2097152/,
    whileDown: { events: 4_000, refusals: [/^FAILED: .* bytes that its readers have not acknowledged/] },
    open: ({ nearRedis }, name) =>
      upstream(name, `redis-stream://${nearRedis}?backlog-bytes=${BACKLOG_BYTES}`),
  },
  kafka: {
    from: ({ kafka }, name) => `kafka://${kafka.broker}/${name}-in?group=${name}&wait-ms=10`,
    listens: false,
    keeps: true,
    asksFirst: true,
    tooMuch: /^REJECTED: .*larger than the max/,
    whileDown: { events: 12, refusals: [] },
    prepare: ({ kafka }, name) => kafka.createTopics(PARTITIONS, `${name}-in`),
    open: ({ kafka }, name) => upstream(name, `kafka://${kafka.broker}/${name}-in`),
  },
}

const nextHop = (
  scheme: string,
  create: (endpoint: Endpoint, deliver: Deliver) => Promise<Source>,
  query = '',
): SinkRow => ({
  to: (_name, port) => `${scheme}://127.0.0.1:${port}${query}`,
  way: (_stores, port) => startProxy(port),
  dedupes: false,
  open: (_stores, name, port) => {
    const { from } = hopOf(name, `${scheme}://127.0.0.1:${port}`)
    return openBatchObserver((deliver) => create(from, deliver))
  },
})
const ready = () => undefined

export const sinks: Record<string, SinkRow> = {
  'grpc, connect': nextHop('grpc', (at, deliver) => createGrpcSource(at, deliver, ready), '?client=connect'),
  'grpc, grpc-js': nextHop('grpc', (at, deliver) => createGrpcSource(at, deliver, ready), '?client=grpc-js'),
  ws: nextHop('ws', createWsSource),
  'hop-http': nextHop('hop-http', createHopHttpSource),
  connect: nextHop('connect', (at, deliver) => createConnectSource(at, deliver, ready)),
  'redis-pubsub': {
    to: (name, port) => `redis-pubsub://127.0.0.1:${port}/${name}`,
    way: ({ farRedis }) => startProxy(farRedis.port),
    dedupes: false,
    heardOnly: true,
    open({ farRedis }, name) {
      const { from } = hopOf(name, `redis-pubsub://${farRedis.host}/${name}`)
      return openBatchObserver((deliver) => createRedisPubsubSource(from, 1, deliver, quiet, metrics))
    },
  },
  'redis-stream': {
    to: (_name, port) => `redis-stream://127.0.0.1:${port}`,
    way: ({ farRedis }) => startProxy(farRedis.port),
    dedupes: false,
    open({ farRedis }, name) {
      const hop = hopOf(name, `redis-stream://${farRedis.host}?group=observer`)
      return openBatchObserver((deliver) => createRedisStreamSource(hop.from, hop, deliver, quiet, metrics))
    },
  },
  kafka: {
    to: (name, port) => `kafka://127.0.0.1:${port}/${name}-out`,
    way: ({ kafka }) => kafka.takeWay(),
    dedupes: false,
    prepare: ({ kafka }, name) => kafka.createTopics(PARTITIONS, `${name}-out`),
    open: ({ kafka }, name) => openKafkaObserver(kafka.broker, `${name}-out`),
  },
  redis: {
    to: (_name, port) => `redis://127.0.0.1:${port}`,
    way: ({ farRedis }) => startProxy(farRedis.port),
    dedupes: true,
    asksFirst: true,
    open: ({ farRedis }, name) => openRedisObserver(farRedis.client, eventType, name),
  },
  mongodb: {
    to: (name, port) => `mongodb://127.0.0.1:${port}/${name}`,
    way: ({ mongo }) => startProxy(mongo.port),
    dedupes: true,
    open: ({ mongo }, name) => openMongodbObserver(mongo.client, name),
  },
}
