// Takes batches from other hops over WebSockets: binary frames, one acknowledgement a batch.
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import * as uWS from 'uWebSockets.js'
import { LinkRequestSchema, LinkResponseSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { listen } from '../../lib/admin.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import { LINK_CREDITS, MAX_MESSAGE_BYTES, type Deliver, type Source } from '../batch.ts'
import { openLinkPeer, type LinkPeer } from './link.ts'

/** Not the path of the public intake, so that neither takes the other's frames. */
export const LINK_PATH = '/link'

const IDLE_TIMEOUT_SECONDS = 16
const POLICY_VIOLATION = 1008
const GOING_AWAY = 1001
/** Peers that are not idle by then are cut off; below the pod's grace period. */
const DRAIN_DEADLINE_MS = 10_000

type Peer = { link: LinkPeer | undefined }

export async function createWsSource(endpoint: Endpoint, deliver: Deliver): Promise<Source> {
  const sockets = new Set<uWS.WebSocket<Peer>>()
  let closing = false
  let drained: () => void = () => undefined
  const closeIdle = () => {
    if (!closing) return
    for (const socket of sockets) {
      if (socket.getUserData().link?.inFlight() === 0) socket.end(GOING_AWAY, 'stopping')
    }
    if (sockets.size === 0) drained()
  }
  const app = uWS.App()
  app.ws<Peer>(LINK_PATH, {
    maxPayloadLength: MAX_MESSAGE_BYTES,
    maxBackpressure: LINK_CREDITS * 1_024,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    upgrade(res, req, context) {
      res.upgrade<Peer>(
        { link: undefined },
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      )
    },
    open(socket) {
      sockets.add(socket)
      socket.getUserData().link = openLinkPeer(
        deliver,
        (response) => {
          if (sockets.has(socket)) socket.send(toBinary(LinkResponseSchema, response), true)
        },
        closeIdle,
      )
    },
    message(socket, message) {
      let mistake
      try {
        // Copied, because the batch outlives this call and the memory does not.
        const request = fromBinary(LinkRequestSchema, new Uint8Array(message.slice(0)))
        mistake = socket.getUserData().link?.take(request)
      } catch {
        mistake = 'the frame is no LinkRequest'
      }
      if (mistake) socket.end(POLICY_VIOLATION, mistake)
    },
    close(socket) {
      sockets.delete(socket)
      closeIdle()
    },
  })
  const listening = await listen(app, endpoint.hosts[0]!)
  return {
    notReady: () => undefined,
    async close() {
      listening.stopAccepting()
      closing = true
      if (sockets.size > 0) {
        await new Promise<void>((resolve) => {
          drained = resolve
          setTimeout(resolve, DRAIN_DEADLINE_MS).unref()
          closeIdle()
        })
      }
      app.close()
    },
  }
}
