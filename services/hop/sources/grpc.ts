// Takes batches from other hops over gRPC (also gRPC-Web and Connect): one stream a link, or unary calls.
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import * as http2 from 'node:http2'
import { once } from 'node:events'
import { HopService, type LinkRequest, type LinkResponse } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { hostOf, portOf, type Endpoint } from '../../lib/endpoint.ts'
import { MAX_MESSAGE_BYTES, type Deliver, type Source } from '../batch.ts'
import { addHealth, append } from './append.ts'
import { openLinkPeer } from './link.ts'

/** Peers that are not idle by then are cut off; below the pod's grace period. */
const DRAIN_DEADLINE_MS = 10_000
/** A half-open connection is found by a ping that stays unanswered. */
const PING_INTERVAL_MS = 10_000
const PING_DEADLINE_MS = 5_000

/** Serves HopService and grpc.health.v1 on h2c. */
export async function createGrpcSource(
  endpoint: Endpoint,
  deliver: Deliver,
  notReady: () => string | undefined,
): Promise<Source> {
  const leaving = new AbortController()
  const routes = (router: ConnectRouter) => {
    router.service(HopService, {
      append: (request) => append(request, deliver),
      link: (requests) => serveLink(requests, deliver, leaving.signal),
    })
    addHealth(router, () => (leaving.signal.aborted ? 'stopping' : notReady()))
  }
  const server = http2.createServer(
    // One stream a link carries everything, so its window must hold a few batches.
    { settings: { initialWindowSize: 4 * MAX_MESSAGE_BYTES, maxConcurrentStreams: 256 } },
    connectNodeAdapter({ routes, readMaxBytes: MAX_MESSAGE_BYTES, writeMaxBytes: MAX_MESSAGE_BYTES }),
  )
  // Node's http2 server.close() leaves idle sessions open, so they are tracked.
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => {
    session.setLocalWindowSize(8 * MAX_MESSAGE_BYTES)
    sessions.add(session)
    const stopPings = keepAlive(session)
    session.once('close', () => {
      stopPings()
      sessions.delete(session)
    })
    session.on('error', () => session.destroy())
  })
  server.listen(portOf(endpoint.hosts[0]!), hostOf(endpoint.hosts[0]!))
  await once(server, 'listening')
  return {
    notReady: () => undefined,
    async close() {
      leaving.abort()
      const closed = once(server, 'close')
      server.close()
      // GOAWAY: peers finish what is in flight on this connection and open no stream on it.
      for (const session of sessions) session.close()
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy()
      }, DRAIN_DEADLINE_MS)
      await closed
      clearTimeout(timer)
    },
  }
}

function keepAlive(session: http2.ServerHttp2Session): () => void {
  const timer = setInterval(() => {
    const late = setTimeout(() => session.destroy(), PING_DEADLINE_MS)
    const sent = session.ping(() => clearTimeout(late))
    if (!sent) clearTimeout(late)
  }, PING_INTERVAL_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/**
 * Requests are taken as they come; answers leave in the order in which batches end. When the server leaves, the
 * stream ends as soon as nothing is in flight; a batch that comes too late fails at its owner, who sends it again.
 */
async function* serveLink(
  requests: AsyncIterable<LinkRequest>,
  deliver: Deliver,
  leaving: AbortSignal,
): AsyncGenerator<LinkResponse> {
  // Bounded by the credits.
  const ready: LinkResponse[] = []
  let wake: () => void = () => undefined
  let failure: unknown
  let ended = false
  const peer = openLinkPeer(
    deliver,
    (response) => {
      ready.push(response)
      wake()
    },
    () => wake(),
  )
  const leave = () => wake()
  leaving.addEventListener('abort', leave)
  const reading = (async () => {
    try {
      for await (const request of requests) {
        const mistake = peer.take(request)
        if (mistake) throw new ConnectError(mistake, Code.ResourceExhausted)
      }
    } catch (cause) {
      failure = cause
    }
    ended = true
    wake()
  })()
  const idle = () => peer.inFlight() === 0 && ready.length === 0
  while (!failure && !(idle() && (ended || leaving.aborted))) {
    const response = ready.shift()
    if (response) yield response
    else await new Promise<void>((resolve) => (wake = resolve))
  }
  leaving.removeEventListener('abort', leave)
  if (!ended) return
  await reading
  if (failure) throw failure
}
