// What the spans of each kind of source and sink are called, by OpenTelemetry's semantic conventions.
import { SpanKind, type Attributes } from '@opentelemetry/api'
import { HopService } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { hostOf, portOf, type Endpoint } from '../lib/endpoint.ts'

export type SpanShape = {
  name: string
  kind: SpanKind
  attributes: Attributes
  /** The partition, and the offset where it is known, belong to each event. */
  partitioned?: boolean
}

type What = Omit<SpanShape, 'kind'>

/** As in sinks/mongodb.ts, which is loaded only where it is used. */
const EVENTS = 'events'

/** Of one event's way out of a hop: from the moment at which its batch leaves until its outcome. */
export function shapeOfSink(endpoint: Endpoint, pipeline: string): SpanShape {
  const host = endpoint.hosts[0]!
  const { attributes, ...what } = whatOf(endpoint, pipeline, 'sink')
  const kind = isMessaging(endpoint) ? SpanKind.PRODUCER : SpanKind.CLIENT
  const server = { 'server.address': hostOf(host), 'server.port': portOf(host) }
  return { ...what, kind, attributes: { ...server, ...attributes } }
}

/** Of one event's stay in a hop: from its arrival until the hop answers for it. */
export function shapeOfSource(endpoint: Endpoint, pipeline: string): SpanShape {
  const readsLog = isMessaging(endpoint) || endpoint.scheme === 'mongodb'
  return { ...whatOf(endpoint, pipeline, 'source'), kind: readsLog ? SpanKind.CONSUMER : SpanKind.SERVER }
}

function isMessaging({ scheme }: Endpoint): boolean {
  return ['kafka', 'redis-pubsub', 'redis-stream'].includes(scheme)
}

function whatOf(endpoint: Endpoint, pipeline: string, end: 'source' | 'sink'): What {
  const { scheme, path, parameters } = endpoint
  switch (scheme) {
    case 'kafka':
    case 'redis-pubsub':
    case 'redis-stream': {
      const operation = end === 'sink' ? 'send' : 'process'
      const destination = scheme === 'redis-stream' ? `{${pipeline}}:stream` : path
      const group = parameters.get('group')
      const attributes = {
        'messaging.system': scheme === 'kafka' ? 'kafka' : 'redis',
        'messaging.operation.name': operation,
        'messaging.operation.type': operation,
        'messaging.destination.name': destination,
        ...(group !== undefined && { 'messaging.consumer.group.name': group }),
      }
      return { name: `${operation} ${destination}`, attributes, partitioned: scheme !== 'redis-pubsub' }
    }
    case 'redis':
      return {
        name: 'EVALSHA',
        attributes: { 'db.system.name': 'redis', 'db.operation.name': 'EVALSHA' },
      }
    case 'mongodb': {
      const operation = end === 'sink' ? 'insertMany' : 'find'
      const attributes = {
        'db.system.name': 'mongodb',
        'db.namespace': path,
        'db.collection.name': EVENTS,
        'db.operation.name': operation,
      }
      return { name: `${operation} ${EVENTS}`, attributes }
    }
    case 'grpc':
      return rpc('grpc', HopService.method.link.name)
    case 'connect':
      return rpc('connectrpc', HopService.method.append.name)
    case 'ws':
      return { name: 'WS /link', attributes: { 'network.protocol.name': 'websocket', 'url.path': '/link' } }
    default:
      return { name: 'POST /append', attributes: { 'http.request.method': 'POST', 'url.path': '/append' } }
  }
}

function rpc(system: string, method: string): What {
  const name = `${HopService.typeName}/${method}`
  return { name, attributes: { 'rpc.system.name': system, 'rpc.method': name } }
}
