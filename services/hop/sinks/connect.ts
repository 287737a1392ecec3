// Hands batches to another hop by Connect's own protocol over HTTP/1.1: one unary call a batch.
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import { Agent } from 'node:http'
import { HopService } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { Health } from '../../../proto/gen/grpc/health/v1/health_pb.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import type { Log } from '../../lib/log.ts'
import { LINK_CREDITS, MAX_MESSAGE_BYTES, outcomes, type Sink } from '../batch.ts'
import { CALL_DEADLINE_MS, createCallSink, PING_DEADLINE_MS } from './call.ts'

/** Below the server's own limit, so that no batch meets a connection that is closing. */
const IDLE_CONNECTION_MS = 5_000
/** The server says with these that the batch can never pass: it is malformed, or larger than a message may be. */
const PERMANENT = new Set([Code.InvalidArgument, Code.ResourceExhausted])

export function createConnectSink(endpoint: Endpoint, log: Log): Sink {
  const agent = new Agent({ keepAlive: true, maxSockets: LINK_CREDITS, timeout: IDLE_CONNECTION_MS })
  const transport = createConnectTransport({
    baseUrl: `http://${endpoint.hosts[0]}`,
    httpVersion: '1.1',
    nodeOptions: { agent },
    useBinaryFormat: true,
    acceptCompression: [],
    readMaxBytes: MAX_MESSAGE_BYTES,
    writeMaxBytes: MAX_MESSAGE_BYTES,
  })
  const hop = createClient(HopService, transport)
  const health = createClient(Health, transport)
  return createCallSink(
    endpoint.url,
    {
      async call(batch) {
        try {
          const { outcome } = await hop.append({ batch }, { timeoutMs: CALL_DEADLINE_MS })
          if (!outcome) throw new Error('an answer without outcome')
          return outcome
        } catch (cause) {
          if (cause instanceof ConnectError && PERMANENT.has(cause.code))
            return outcomes.rejected(cause.rawMessage)
          throw cause
        }
      },
      ping: () => health.check({}, { timeoutMs: PING_DEADLINE_MS }),
      close: () => agent.destroy(),
    },
    log,
  )
}
