// Takes batches from other hops by Connect's own protocol over HTTP/1.1: one unary call a batch.
import type { ConnectRouter } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { HopService } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { hostOf, portOf, type Endpoint } from '../../lib/endpoint.ts'
import { MAX_MESSAGE_BYTES, type Deliver, type Source } from '../batch.ts'
import { addHealth, append } from './append.ts'

/** Calls that are not answered by then are cut off; below the pod's grace period. */
const DRAIN_DEADLINE_MS = 10_000
/** Half-open and slow senders are closed after this long. */
const REQUEST_DEADLINE_MS = 10_000
const IDLE_CONNECTION_MS = 10_000

export async function createConnectSource(
  endpoint: Endpoint,
  deliver: Deliver,
  notReady: () => string | undefined,
): Promise<Source> {
  let closing = false
  const routes = (router: ConnectRouter) => {
    // Streams need HTTP/2, so the link is not served here.
    router.rpc(HopService.method.append, (request) => append(request, deliver))
    addHealth(router, () => (closing ? 'stopping' : notReady()))
  }
  const handle = connectNodeAdapter({
    routes,
    grpc: false,
    grpcWeb: false,
    acceptCompression: [],
    readMaxBytes: MAX_MESSAGE_BYTES,
    writeMaxBytes: MAX_MESSAGE_BYTES,
  })
  const server = createServer(
    { requestTimeout: REQUEST_DEADLINE_MS, keepAliveTimeout: IDLE_CONNECTION_MS },
    (request, response) => {
      if (closing) response.setHeader('Connection', 'close')
      // A connection that was busy when the server began to close is idle only now.
      response.on('close', () => {
        if (closing) setImmediate(() => server.closeIdleConnections())
      })
      handle(request, response)
    },
  )
  server.listen(portOf(endpoint.hosts[0]!), hostOf(endpoint.hosts[0]!))
  await once(server, 'listening')
  return {
    notReady: () => undefined,
    async close() {
      closing = true
      const closed = once(server, 'close')
      server.close()
      const timer = setTimeout(() => server.closeAllConnections(), DRAIN_DEADLINE_MS)
      await closed
      clearTimeout(timer)
    },
  }
}
