// A live WebSocket: the full state first, then what changes, computed once for all watchers. A watcher
// that is slow is passed over, and gets the full state again when it has caught up; nothing is queued for it.
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js'
import type { Departure } from '../lib/departure.ts'
import { reasonOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import type { QueryMetrics } from './metrics.ts'

/** How often changes are looked for. */
const TICK_MS = 250
/** A watcher hears something this often, so that it can tell a quiet pipeline from a dead connection. */
const SIGN_OF_LIFE_MS = 1_000
/** uWebSockets.js closes a connection that does not answer its pings for so long. */
const IDLE_SECONDS = 32
/** Watchers say nothing. */
const MAX_RECEIVED_BYTES = 128
/** What one process was measured with (`make test-web`), and room for those that come back before they were missed. */
const MAX_WATCHERS = 12_000

/** Close codes of RFC 6455, section 7.4.1. */
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008

type Watcher = { /** It has to get the full state next. */ behind: boolean }
type Socket = WebSocket<Watcher>

/** A state that many callers share, with its JSON. `at` is when it was read. */
export type Snapshot<S extends { at: string }> = { state: S; json: string }

export type LiveSocketOptions<S extends { at: string }> = {
  path: string
  /** Only called while somebody watches. */
  read: () => Promise<Snapshot<S>>
  /** What a watcher of the first needs to have the second; nothing but `at` when that is nothing. */
  changesBetween: (before: S, after: S) => { at: string }
  departure: Departure
  metrics: QueryMetrics
  log: Log
}

export type LiveSocket = {
  /** Says goodbye to all watchers. */
  close(): void
}

/** Adds a WebSocket to the app. */
export function addLiveSocket<S extends { at: string }>(
  app: TemplatedApp,
  { path, read, changesBetween, departure, metrics, log }: LiveSocketOptions<S>,
): LiveSocket {
  const sockets = new Set<Socket>()
  let current: Snapshot<S> | undefined
  let staleSince: string | undefined
  let spokeAt = 0
  let timer: NodeJS.Timeout | undefined
  let ticking = false

  const send = (socket: Socket, text: string | Buffer): boolean => {
    if (socket.getBufferedAmount() === 0 && socket.send(text) !== 2) return true
    socket.getUserData().behind = true
    return false
  }
  /** Counts once for all, because there may be thousands. */
  const count = (sent: number, of: number) => {
    metrics.messages.inc(sent)
    metrics.skipped.inc(of - sent)
  }
  const sendOne = (socket: Socket, text: string | Buffer) => {
    const sent = send(socket, text)
    count(sent ? 1 : 0, 1)
    return sent
  }
  const sendFull = (socket: Socket) => {
    if (current && sendOne(socket, current.json)) socket.getUserData().behind = false
  }
  const staleText = () => JSON.stringify({ stale: true, since: staleSince, at: new Date().toISOString() })
  const sendStale = (socket: Socket, text = staleText()) => {
    if (socket.getUserData().behind) sendFull(socket)
    sendOne(socket, text)
  }

  const announce = (next: Snapshot<S>) => {
    const changes =
      current && staleSince === undefined ? changesBetween(current.state, next.state) : undefined
    const recovered = staleSince !== undefined
    staleSince = undefined
    current = next
    const due = Date.now() - spokeAt >= SIGN_OF_LIFE_MS
    const silent = changes !== undefined && Object.keys(changes).length === 1 && !due
    const text = changes && !silent ? Buffer.from(JSON.stringify(changes)) : undefined
    if (text) spokeAt = Date.now()
    let [sent, of] = [0, 0]
    for (const socket of sockets) {
      if (recovered || !changes || socket.getUserData().behind) sendFull(socket)
      else if (text) {
        of++
        if (send(socket, text)) sent++
      }
    }
    count(sent, of)
  }
  const announceStale = () => {
    const first = staleSince === undefined
    staleSince ??= current?.state.at ?? new Date().toISOString()
    if (!first && Date.now() - spokeAt < SIGN_OF_LIFE_MS) return
    spokeAt = Date.now()
    const text = staleText()
    for (const socket of sockets) sendStale(socket, text)
  }

  const tick = async () => {
    ticking = true
    const nextAt = Date.now() + TICK_MS
    const next = await read().catch((cause: unknown) => {
      log.debug('live state not read', { path, cause: reasonOf(cause) })
      return undefined
    })
    ticking = false
    if (sockets.size === 0) return
    if (next) announce(next)
    else announceStale()
    timer = setTimeout(() => void tick(), nextAt - Date.now())
  }

  app.ws<Watcher>(path, {
    maxPayloadLength: MAX_RECEIVED_BYTES,
    idleTimeout: IDLE_SECONDS,
    sendPingsAutomatically: true,
    upgrade(res: HttpResponse, req: HttpRequest, context: us_socket_context_t) {
      if (sockets.size >= MAX_WATCHERS) {
        res.writeStatus('503 Service Unavailable').writeHeader('Retry-After', '5').end()
        return
      }
      const [key, protocol, extensions] = [
        'sec-websocket-key',
        'sec-websocket-protocol',
        'sec-websocket-extensions',
      ].map((name) => req.getHeader(name))
      res.upgrade<Watcher>({ behind: true }, key!, protocol!, extensions!, context)
    },
    open(socket) {
      sockets.add(socket)
      metrics.watchers.inc()
      if (staleSince !== undefined) sendStale(socket)
      // Between two ticks `current` is what the others have.
      else if (sockets.size > 1) sendFull(socket)
      if (sockets.size === 1 && !ticking) void tick()
    },
    message: (socket) => socket.end(POLICY_VIOLATION, 'this socket takes no messages'),
    close(socket) {
      departure.socketClosed()
      sockets.delete(socket)
      metrics.watchers.dec()
      if (sockets.size === 0) clearTimeout(timer)
    },
  })

  return {
    close() {
      clearTimeout(timer)
      for (const socket of sockets) socket.end(GOING_AWAY, 'the server stops')
    },
  }
}
