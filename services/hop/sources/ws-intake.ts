// Events over a WebSocket. The server grants event credits; a frame spends one an event, its answer gives
// them back. A client that sends beyond its credits is cut off, because a WebSocket's reads cannot be paused.
import type { TemplatedApp, WebSocket } from 'uWebSockets.js'
import type { Departure } from '../../lib/departure.ts'
import type { Ticket } from '../intake.ts'
import { reasonOf } from '../../lib/errors.ts'
import { acceptMany, commonStatus, flatten, MAX_EVENTS, type HttpSourceOptions } from './http.ts'
import { parseJson } from './json.ts'

/** Events that one connection may have unanswered. */
const CREDITS = 2_000
/** A frame of MAX_EVENTS events of usual size; larger ones close the connection. */
const MAX_FRAME_BYTES = 1_048_576
/** Seconds without a frame or pong (uWebSockets.js pings by itself) before a half-open socket is closed. */
const IDLE_TIMEOUT_SECONDS = 60
/** Close codes: RFC 6455 for a broken rule, IANA's registry for a server that leaves. */
const POLICY_VIOLATION = 1008
const SERVICE_RESTART = 1012

type Client = { credits: number; open: boolean; tickets: Set<Ticket> }

/**
 * Adds `/events` to the app. Protocol: server `{"credits": N}`; client `{"n": 1, "events": [ … ]}`, where it likes with
 * the member `traceparent`, which is the header's text; server `{"n": 1, "results": [ … ]}` with results as in POST
 * /events. What is unanswered when the connection
 * ends may or may not be stored; a client that resumes sends it again.
 */
export function addWebSocketIntake(
  app: TemplatedApp,
  options: HttpSourceOptions,
  { socketClosed }: Departure,
) {
  const clients = new Set<WebSocket<Client>>()
  app.ws<Client>('/events', {
    maxPayloadLength: MAX_FRAME_BYTES,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    // Answers are small and bounded by the credits; a client that reads none of them is dropped.
    maxBackpressure: 4 * MAX_FRAME_BYTES,
    closeOnBackpressureLimit: true,
    upgrade(res, req, context) {
      res.upgrade<Client>(
        { credits: CREDITS, open: true, tickets: new Set() },
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      )
    },
    open(socket) {
      clients.add(socket)
      socket.send(JSON.stringify({ credits: CREDITS }))
    },
    message(socket, message) {
      const mistake = takeFrame(socket, Buffer.from(message), options)
      if (mistake) socket.end(POLICY_VIOLATION, mistake)
    },
    close(socket) {
      socketClosed()
      const client = socket.getUserData()
      client.open = false
      for (const ticket of client.tickets) ticket.cancel()
      clients.delete(socket)
    },
  })
  return {
    /** Tells every client to go elsewhere; what is in flight is still answered. */
    announceClose() {
      for (const socket of clients) socket.send(JSON.stringify({ closing: SERVICE_RESTART }))
    },
  }
}

/** Returns why the connection must close, or nothing. */
function takeFrame(socket: WebSocket<Client>, bytes: Buffer, options: HttpSourceOptions): string | undefined {
  const client = socket.getUserData()
  let frame
  try {
    frame = parseJson(bytes) as { n?: unknown; events?: unknown; traceparent?: unknown } | null
  } catch (cause) {
    return reasonOf(cause)
  }
  if (
    typeof frame !== 'object' ||
    frame === null ||
    !Number.isSafeInteger(frame.n) ||
    !Array.isArray(frame.events)
  ) {
    return 'a frame is {"n": <number>, "events": [ … ]}'
  }
  const { n, events } = frame as { n: number; events: unknown[] }
  if (events.length === 0 || events.length > MAX_EVENTS) return `a frame holds 1 to ${MAX_EVENTS} events`
  if (events.length > client.credits) return `${events.length} events, but ${client.credits} credits`
  client.credits -= events.length
  const span = options.startRequest?.('WS', '/events', frame.traceparent)
  let answered = false
  let tickets: Ticket[] = []
  tickets = acceptMany(
    events.map((event) => () => event),
    options,
    (results) => {
      answered = true
      span?.end(commonStatus(results))
      for (const ticket of tickets) client.tickets.delete(ticket)
      if (!client.open) return
      client.credits += events.length
      socket.send(JSON.stringify({ n, results: results.map(flatten) }))
    },
    span?.traceparent,
  )
  if (span) tickets.push({ cancel: () => span.end(undefined) })
  if (!answered) for (const ticket of tickets) client.tickets.add(ticket)
  return undefined
}
