// Hands batches to another hop over one bidirectional gRPC stream. Two clients: connect-node and grpc-js.
import type { Endpoint } from '../../lib/endpoint.ts'
import type { Log } from '../../lib/log.ts'
import type { Sink } from '../batch.ts'
import { createLinkSink } from './link.ts'

export async function createGrpcSink(endpoint: Endpoint, log: Log): Promise<Sink> {
  const host = endpoint.hosts[0]!
  const open =
    endpoint.parameters.get('client') === 'grpc-js'
      ? (await import('./grpc-js.ts')).openWithGrpcJs(host)
      : (await import('./grpc-connect.ts')).openWithConnect(host)
  return createLinkSink(endpoint.url, open, log)
}
