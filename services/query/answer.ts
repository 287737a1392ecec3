// HTTP requests to replies: bounded in number, counted, safe against clients that leave.
import { STATUS_CODES } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js'
import { reasonOf } from '../lib/errors.ts'
import type { Departure } from '../lib/departure.ts'
import type { Log } from '../lib/log.ts'
import type { QueryMetrics } from './metrics.ts'
import { StoreError } from './stores.ts'

/** Requests of a page that wait for their answer. More are answered 503 at once. */
const MAX_IN_FLIGHT = 256
/** The same for a page whose callers share one call to the stores. */
export const MAX_SHARING = 10_000
/** Far above any event; what an intake takes is its own decision. */
const MAX_BODY_BYTES = 65_536
const RETRY_AFTER_SECONDS = '1'
const IDLE_CHECK_MS = 10

export type Reply = { status: number; headers: Record<string, string>; body: string | Buffer }

/** A JSON reply. */
export function json(status: number, value: unknown): Reply {
  return jsonText(status, JSON.stringify(value))
}

/** A JSON reply whose text is there already. */
export function jsonText(status: number, body: string | Buffer): Reply {
  const headers: Record<string, string> = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  if (status === 503) headers['Retry-After'] = RETRY_AFTER_SECONDS
  return { status, headers, body }
}

/** What a request asks. */
export type Ask = {
  path: string
  /** The text behind the `?`. */
  query: string
  /** The part of the path that `:name` stands for. */
  parameter: string
  /** A browser that goes to the address, and not a program that wants what is there. */
  wantsPage: boolean
  /** The encodings that the client understands. */
  encodings: string
  /** Of a POST. */
  body: Buffer
}

export type Answer = (ask: Ask) => Reply | Promise<Reply>

export type Pages = {
  get(pattern: string, answer: Answer, maxInFlight?: number): void
  /** Takes JSON only, so that no page of another origin can send it without asking. */
  post(pattern: string, answer: Answer): void
  /** Answers whatever no page was added for. Comes last. */
  refuseOthers(): void
  /** Waits until no request is in flight, but no longer than `ms`. */
  idle(ms: number): Promise<void>
}

/** Adds pages to an app, each with its errors turned into replies. `always` are headers of every reply. */
export function createPages(
  app: TemplatedApp,
  { leaving }: Departure,
  metrics: QueryMetrics,
  log: Log,
  always: Record<string, string> = {},
): Pages {
  const send = (res: HttpResponse, reply: Reply) =>
    write(res, { ...reply, headers: { ...always, ...reply.headers } }, leaving())
  const methods = new Map(['/healthz', '/readyz', '/metrics'].map((pattern) => [pattern, 'GET']))
  let inFlight = 0

  const serve = (pattern: string, answer: Answer, maxInFlight: number) => {
    let own = 0
    return async (res: HttpResponse, req: HttpRequest, bodyOf?: (res: HttpResponse) => Promise<Buffer>) => {
      const end = metrics.requestSeconds.startTimer({ route: pattern })
      const ask = {
        path: req.getUrl(),
        query: req.getQuery() ?? '',
        parameter: req.getParameter(0) ?? '',
        wantsPage: req.getHeader('accept').includes('text/html'),
        encodings: req.getHeader('accept-encoding'),
        body: Buffer.alloc(0),
      }
      const isJson = req.getHeader('content-type').startsWith('application/json')
      let gone = false
      const left = Promise.withResolvers<never>()
      left.promise.catch(() => undefined)
      res.onAborted(() => {
        gone = true
        left.reject(new ClientLeft())
      })
      own++
      inFlight++
      let reply: Reply
      try {
        const body = bodyOf && (await Promise.race([bodyOf(res), left.promise]))
        if (body && !isJson) reply = json(415, { error: 'the Content-Type must be application/json' })
        else if (own > maxInFlight) reply = json(503, { error: 'too many requests at once' })
        else reply = await answer(body ? { ...ask, body } : ask)
      } catch (cause) {
        reply = replyTo(cause, pattern, log)
      }
      own--
      inFlight--
      end({ status: reply.status })
      if (!gone) res.cork(() => send(res, reply))
    }
  }

  return {
    get(pattern, answer, maxInFlight = MAX_IN_FLIGHT) {
      methods.set(pattern, 'GET')
      const handle = serve(pattern, answer, maxInFlight)
      app.get(pattern, (res, req) => void handle(res, req))
    },
    post(pattern, answer) {
      methods.set(pattern, 'POST')
      const handle = serve(pattern, answer, MAX_IN_FLIGHT)
      app.post(pattern, (res, req) => void handle(res, req, readBody))
    },
    refuseOthers() {
      app.any('/*', (res, req) => send(res, refusal(methods, req)))
    },
    async idle(ms) {
      for (const until = Date.now() + ms; inFlight > 0 && Date.now() < until;) await pause(IDLE_CHECK_MS)
    },
  }
}

class TooLarge extends Error {}
class ClientLeft extends Error {}

/** Never settles when the client leaves. */
function readBody(res: HttpResponse): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    res.onData((chunk, isLast) => {
      length += chunk.byteLength
      // uWebSockets.js takes the memory back after this call. What is too much is read and thrown away.
      if (length <= MAX_BODY_BYTES) chunks.push(Buffer.from(Buffer.from(chunk)))
      if (!isLast) return
      if (length > MAX_BODY_BYTES) reject(new TooLarge())
      else resolve(Buffer.concat(chunks))
    })
  })
}

function refusal(methods: Map<string, string>, req: HttpRequest): Reply {
  const url = req.getUrl()
  const known = [...methods.keys()].find(
    (pattern) =>
      url === pattern || url.replace(/(?<=.\/)[^/]+$/, pattern.includes(':id') ? ':id' : '*') === pattern,
  )
  if (known === undefined || req.getMethod().toUpperCase() === methods.get(known))
    return json(404, { error: `no such page (here: ${[...methods.keys()].join(', ')})` })
  const method = methods.get(known)!
  const reply = json(405, { error: `${known} takes ${method} only` })
  return { ...reply, headers: { ...reply.headers, Allow: method } }
}

/** Clients learn which store is away, and nothing of the inside. */
function replyTo(cause: unknown, route: string, log: Log): Reply {
  if (cause instanceof StoreError) return json(503, { error: cause.message })
  if (cause instanceof ClientLeft) return json(400, { error: 'the body ended early' })
  if (cause instanceof TooLarge) return json(413, { error: `a body has at most ${MAX_BODY_BYTES} bytes` })
  log.error('request failed', { route, cause: cause instanceof Error ? cause.stack : reasonOf(cause) })
  return json(500, { error: 'internal error' })
}

function write(res: HttpResponse, { status, headers, body }: Reply, close: boolean): void {
  res.writeStatus(`${status} ${STATUS_CODES[status]}`)
  for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value)
  res.writeHeader('X-Content-Type-Options', 'nosniff').end(body, close)
}
