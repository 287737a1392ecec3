// Hands batches to another hop over a WebSocket.
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { LinkRequestSchema, LinkResponseSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import type { Log } from '../../lib/log.ts'
import type { Sink } from '../batch.ts'
import { LINK_PATH } from '../sources/ws.ts'
import { createLinkSink } from './link.ts'

export function createWsSink(endpoint: Endpoint, log: Log): Sink {
  const open: Parameters<typeof createLinkSink>[1] = (events) => {
    const socket = new WebSocket(`ws://${endpoint.hosts[0]}${LINK_PATH}`)
    socket.binaryType = 'arraybuffer'
    socket.onmessage = ({ data }) =>
      events.response(fromBinary(LinkResponseSchema, new Uint8Array(data as ArrayBuffer)))
    socket.onclose = ({ code, reason }) => events.closed(reason || `the connection closed (${code})`)
    // Node 22 sends no close event after a connection that was never established.
    socket.onerror = () => events.closed('the connection failed')
    return {
      send: (request) => socket.send(toBinary(LinkRequestSchema, request)),
      close: () => socket.close(),
    }
  }
  return createLinkSink(endpoint.url, open, log)
}
