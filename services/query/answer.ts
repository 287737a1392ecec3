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
const RETRY_AFTER_SECONDS = '1'
const IDLE_CHECK_MS = 10

export type Reply = { status: number; headers: Record<string, string>; body: string }

/** A JSON reply. */
export function json(status: number, value: unknown): Reply {
  return jsonText(status, JSON.stringify(value))
}

/** A JSON reply whose text is there already. */
export function jsonText(status: number, body: string): Reply {
  const headers: Record<string, string> = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  if (status === 503) headers['Retry-After'] = RETRY_AFTER_SECONDS
  return { status, headers, body }
}

/** What a request asks: its query text, and the part of the path that `:name` stands for. */
export type Ask = { query: string; parameter: string }

export type Pages = {
  get(pattern: string, page: (ask: Ask) => Reply | Promise<Reply>, maxInFlight?: number): void
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
  const patterns = new Set(['/healthz', '/readyz', '/metrics'])
  let inFlight = 0

  const answer = async (
    res: HttpResponse,
    route: string,
    full: boolean,
    work: () => Reply | Promise<Reply>,
  ) => {
    const end = metrics.requestSeconds.startTimer({ route })
    let gone = false
    res.onAborted(() => (gone = true))
    let reply: Reply
    try {
      reply = full ? json(503, { error: 'too many requests at once' }) : await work()
    } catch (cause) {
      reply = replyTo(cause, route, log)
    }
    end({ status: reply.status })
    if (!gone) res.cork(() => send(res, reply))
  }

  return {
    get(pattern, page, maxInFlight = MAX_IN_FLIGHT) {
      patterns.add(pattern)
      let own = 0
      app.get(pattern, (res, req) => {
        const ask = { query: req.getQuery(), parameter: req.getParameter(0) ?? '' }
        own++
        inFlight++
        void answer(res, pattern, own > maxInFlight, () => page(ask)).finally(() => {
          own--
          inFlight--
        })
      })
    },
    refuseOthers() {
      const list = [...patterns]
      app.any('/*', (res, req) => send(res, refusal(list, req)))
    },
    async idle(ms) {
      for (const until = Date.now() + ms; inFlight > 0 && Date.now() < until;) await pause(IDLE_CHECK_MS)
    },
  }
}

function refusal(patterns: string[], req: HttpRequest): Reply {
  const url = req.getUrl()
  const known = patterns.some(
    (pattern) => url === pattern || url.replace(/(?<=.\/)[^/]+$/, ':id') === pattern,
  )
  if (req.getMethod() === 'get' || !known)
    return json(404, { error: `no such page (here: ${patterns.join(', ')})` })
  const reply = json(405, { error: 'this server is only read from: GET' })
  return { ...reply, headers: { ...reply.headers, Allow: 'GET' } }
}

/** Clients learn which store is away, and nothing of the inside. */
function replyTo(cause: unknown, route: string, log: Log): Reply {
  if (cause instanceof StoreError) return json(503, { error: cause.message })
  log.error('request failed', { route, cause: cause instanceof Error ? cause.stack : reasonOf(cause) })
  return json(500, { error: 'internal error' })
}

function write(res: HttpResponse, { status, headers, body }: Reply, close: boolean): void {
  res.writeStatus(`${status} ${STATUS_CODES[status]}`)
  for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value)
  res.writeHeader('X-Content-Type-Options', 'nosniff').end(body, close)
}
