// The public intake: one event, many events, or a WebSocket full of them, each answered when the log has it.
import * as uWS from 'uWebSockets.js'
import { addAdminPages, listen, type Admin } from '../../lib/admin.ts'
import { prepareDeparture, type Departure } from '../../lib/departure.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import { InvalidEventError } from '../../lib/errors.ts'
import type { Encoded, EventType } from '../../lib/event-type.ts'
import type { Source } from '../batch.ts'
import type { Answer, Intake, Ticket } from '../intake.ts'
import type { HopMetrics } from '../metrics.ts'
import { TRACEPARENT } from '../traceparent.ts'
import type { StartRequest } from '../tracing.ts'
import { readBody } from './body.ts'
import { parseJson } from './json.ts'
import { addWebSocketIntake } from './ws-intake.ts'

/** One event as JSON; its encoded form is smaller, and the topic's limit (1 MiB) far above. */
export const MAX_EVENT_BYTES = 65_536
/** A body of many events. */
const MAX_BODY_BYTES = 1_048_576
export const MAX_EVENTS = 1_000
/** How long a client that met a full queue should wait; a batch is out for less. */
const RETRY_AFTER_SECONDS = '1'
/** See `silentMs`; far below the drain deadline of hop.ts. */
const SILENT_MS = 1_000

export type HttpSourceOptions = {
  eventType: EventType
  /** Encodes JSON text, where it is certain that it can; the event type does the rest. */
  encodeText?: ((json: Uint8Array) => Encoded | undefined) | undefined
  intake: Intake
  admin: Admin
  metrics: HopMetrics
  /** How long a server that leaves waits for those who are connected and silent; default 1 s. */
  silentMs?: number
  /** Where tracing is on. */
  startRequest?: StartRequest | undefined
}

/** The answer to one event as clients get it, alone or in a list. */
export type Result = { status: number; body: Record<string, unknown> }

export async function createHttpSource(endpoint: Endpoint, options: HttpSourceOptions): Promise<Source> {
  const { intake, admin, silentMs = SILENT_MS } = options
  const app = uWS.App()
  const departure = prepareDeparture(app)
  app.post('/input', (res, req) => takeOne(res, req, options, departure))
  app.post('/', (res, req) => takeOne(res, req, options, departure))
  app.post('/events', (res, req) => takeMany(res, req, options, departure))
  const sockets = addWebSocketIntake(app, options, departure)
  addAdminPages(app, admin)
  app.get('/', (res) => {
    res.writeHeader('Content-Type', 'text/plain; charset=utf-8').end(usageOf(options.eventType))
  })
  app.any('/*', (res, req) => {
    const url = req.getUrl()
    const known = ['/', '/input', '/events', '/healthz', '/readyz', '/metrics'].includes(url)
    if (known)
      res
        .writeStatus('405 Method Not Allowed')
        .writeHeader(
          'Allow',
          url === '/' ? 'GET, POST' : ['/input', '/events'].includes(url) ? 'POST' : 'GET',
        )
    else res.writeStatus('404 Not Found')
    endJson(res, {
      error: known ? `${url} does not take ${req.getMethod()}` : 'no such page; GET / lists them',
    })
  })
  const listening = await listen(app, endpoint.hosts[0]!)
  return {
    notReady: () => undefined,
    async close() {
      listening.stopAccepting()
      sockets.announceClose()
      // Who is connected is still served, because he cannot know that we go.
      await departure.leave(silentMs)
      await intake.close()
      app.close()
    },
  }
}

/** Where an event's JSON value comes from; may throw InvalidEventError. `text` is there when it is a text of its own. */
export type Read = (() => unknown) & { text?: Buffer }

function readText(text: Buffer): Read {
  const read: Read = () => parseJson(text)
  read.text = text
  return read
}

/** Reads and queues one event, of the span `traceparent` where it is traced; `done` may be called at once. */
export function acceptOne(
  read: Read,
  { eventType, encodeText, intake, metrics }: HttpSourceOptions,
  done: (result: Result) => void,
  traceparent: string | undefined,
): Ticket | undefined {
  let encoded
  try {
    encoded = (read.text && encodeText?.(read.text)) ?? eventType.encode(read())
  } catch (cause) {
    metrics.countResponse(400)
    done(invalid(cause))
    return undefined
  }
  return intake.accept(
    encoded,
    (answer) => {
      metrics.countResponse(answer.status)
      done(resultOf(answer))
    },
    traceparent,
  )
}

function invalid(cause: unknown): Result {
  if (!(cause instanceof InvalidEventError)) throw cause
  return { status: 400, body: { error: cause.message, violations: cause.violations } }
}

function resultOf(answer: Answer): Result {
  switch (answer.status) {
    case 202:
      return { status: 202, body: { id: answer.id } }
    case 422:
      return { status: 422, body: { error: `the log refuses it for good: ${answer.reason}` } }
    case 503: {
      const fate = answer.stored === 'no' ? 'not stored' : 'may or may not be stored'
      return { status: 503, body: { error: `${fate}: ${answer.reason}` } }
    }
  }
}

const statusLines: Record<number, string> = {
  202: '202 Accepted',
  207: '207 Multi-Status',
  400: '400 Bad Request',
  408: '408 Request Timeout',
  413: '413 Content Too Large',
  415: '415 Unsupported Media Type',
  422: '422 Unprocessable Content',
  500: '500 Internal Server Error',
  503: '503 Service Unavailable',
}

function endJson(res: uWS.HttpResponse, body: unknown, close = false): void {
  res.writeHeader('Content-Type', 'application/json').end(JSON.stringify(body), close)
}

function reply(res: uWS.HttpResponse, { status, body }: Result, close = false): void {
  res.cork(() => {
    res.writeStatus(statusLines[status]!)
    if (status === 503) res.writeHeader('Retry-After', RETRY_AFTER_SECONDS)
    endJson(res, body, close)
  })
}

type Answering = (result: Result, close?: boolean) => void

/** Reads a body and answers what goes wrong on the way. */
function takeBody(
  res: uWS.HttpResponse,
  req: uWS.HttpRequest,
  { startRequest }: HttpSourceOptions,
  types: string[],
  maxBytes: number,
  { leaving }: Departure,
  use: (bytes: Buffer, contentType: string, answer: Answering, traceparent: string | undefined) => Ticket[],
): void {
  const span = startRequest?.('POST', req.getUrl(), req.getHeader(TRACEPARENT))
  const contentType = req.getHeader('content-type').split(';')[0]!.trim().toLowerCase()
  let gone = false
  let tickets: Ticket[] = []
  const wrongType = !types.includes(contentType)
  const answer: Answering = (result, close = leaving()) => {
    span?.end(result.status)
    if (!gone) reply(res, result, close)
  }
  readBody(
    res,
    maxBytes,
    (body) => {
      if (gone) return
      if ('tooLarge' in body)
        return answer({ status: 413, body: { error: `the body is above ${maxBytes} bytes` } }, true)
      if ('late' in body)
        return answer({ status: 408, body: { error: 'the body did not come in time' } }, true)
      if (wrongType)
        return answer({ status: 415, body: { error: `Content-Type must be ${types.join(' or ')}` } })
      tickets = use(body.bytes, contentType, answer, span?.traceparent)
    },
    () => {
      gone = true
      for (const ticket of tickets) ticket.cancel()
      span?.end(undefined)
    },
  )
}

function takeOne(
  res: uWS.HttpResponse,
  req: uWS.HttpRequest,
  options: HttpSourceOptions,
  departure: Departure,
): void {
  const types = ['application/json']
  takeBody(res, req, options, types, MAX_EVENT_BYTES, departure, (bytes, _type, answer, traceparent) => {
    const ticket = acceptOne(readText(bytes), options, answer, traceparent)
    return ticket ? [ticket] : []
  })
}

function takeMany(
  res: uWS.HttpResponse,
  req: uWS.HttpRequest,
  options: HttpSourceOptions,
  departure: Departure,
): void {
  const types = ['application/json', 'application/x-ndjson', 'application/ndjson']
  takeBody(res, req, options, types, MAX_BODY_BYTES, departure, (bytes, contentType, answer, traceparent) => {
    const reads = contentType === 'application/json' ? parseArray(bytes) : parseLines(bytes)
    if (!Array.isArray(reads)) {
      answer(reads)
      return []
    }
    return acceptMany(
      reads,
      options,
      (results) => answer({ status: commonStatus(results), body: { results: results.map(flatten) } }),
      traceparent,
    )
  })
}

/** Accepts each event on its own and calls `done` once with all results, in order. */
export function acceptMany(
  reads: Read[],
  options: HttpSourceOptions,
  done: (results: Result[]) => void,
  traceparent: string | undefined,
): Ticket[] {
  const results: Result[] = []
  let left = reads.length
  return reads.flatMap((read, index) => {
    const take = (result: Result) => {
      results[index] = result
      if (--left === 0) done(results)
    }
    const ticket = acceptOne(read, options, take, traceparent)
    return ticket ? [ticket] : []
  })
}

export function flatten({ status, body }: Result): Record<string, unknown> {
  return { status, ...body }
}

/** One status for a list: the one that all share, 207 for a mixture with something accepted, else the worst. */
export function commonStatus(results: Result[]): number {
  const statuses = new Set(results.map(({ status }) => status))
  if (statuses.size === 1) return results[0]!.status
  return statuses.has(202) ? 207 : Math.max(...statuses)
}

function parseArray(bytes: Buffer): Read[] | Result {
  let json
  try {
    json = parseJson(bytes)
  } catch (cause) {
    return invalid(cause)
  }
  if (!Array.isArray(json)) return { status: 400, body: { error: 'the body must be a JSON array of events' } }
  return bounded(json.map((value: unknown) => () => value))
}

function parseLines(bytes: Buffer): Read[] | Result {
  const lines: Read[] = []
  for (let start = 0; start < bytes.length && lines.length <= MAX_EVENTS;) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline < 0 ? bytes.length : newline
    const line = bytes.subarray(start, end)
    start = end + 1
    if (line.toString('latin1').trim() !== '') lines.push(readText(line))
  }
  return bounded(lines)
}

function bounded(reads: Read[]): Read[] | Result {
  if (reads.length === 0) return { status: 400, body: { error: 'there is no event in the body' } }
  if (reads.length <= MAX_EVENTS) return reads
  return { status: 413, body: { error: `more than ${MAX_EVENTS} events in one body` } }
}

function usageOf(eventType: EventType): string {
  const example = JSON.stringify(
    Object.fromEntries(eventType.schema.fields.map((field) => [field.jsonName, '…'])),
  )
  return `Freshet intake of ${eventType.schema.typeName}

  POST /input    one event: ${example}   (application/json)
  POST /events   many events: a JSON array (application/json) or one a line (application/x-ndjson)
  WS   /events   numbered frames {"n": 1, "events": [ … ]}, answered {"n": 1, "results": [ … ]}

202 with the event's id is sent when the log has the event. 400 names field and rule.
503 says whether the event may be stored; try again after Retry-After seconds.
Also: GET /healthz, /readyz, /metrics
`
}
