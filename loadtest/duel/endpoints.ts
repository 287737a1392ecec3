// Endpoints of the duel's own small programs.
import type { Endpoint } from '../../services/lib/endpoint.ts'

export function listeningAt(scheme: string, host: string): Endpoint {
  return { url: `${scheme}://${host}`, scheme, hosts: [host], path: '', parameters: new Map() }
}

/** `redis` is a URL. A channel, or else streams with a group of the duel's own. */
export function redisAt(scheme: 'redis-pubsub' | 'redis-stream', redis: string, channel = ''): Endpoint {
  const parameters = new Map(channel === '' ? [['group', 'duel']] : [])
  return { ...listeningAt(scheme, new URL(redis).host), path: channel, parameters }
}
