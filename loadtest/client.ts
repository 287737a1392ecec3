// One keep-alive HTTP/1.1 connection with one request under way, on node:net.
//
// Why not autocannon 9 (measured November 2026, 2 cores, a uWebSockets.js server on the other one, 64
// connections, a different body per request): it costs 34 µs of CPU a request where this costs 11, so on a
// shared machine it would be what is measured. A request whose connection the server ends without an answer
// is counted nowhere (of 20 in 2,000 it said "errors 0"), its rate is a burst each second, and a run lasts
// until its next one-second tick. node:http counts right, for 45 µs.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export type Answer = {
  status: number
  body: string
  /** False when the connection must not carry another request. */
  reusable: boolean
}

/** Each request ends in one of these: an answer, or the kind of error and whether it was written at all. */
export type Outcome = Answer | { error: string; written: boolean }

/** An intake's answer is some 60 bytes; a proxy's error page is a few kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024
/** Servers answer these before they have read the body, and may then close. */
const ANSWERED_EARLY = new Set([408, 413])

/** The whole request as bytes, ready to be written again and again. */
export function encodeRequest(url: URL, body: string): Buffer {
  const head = [
    `POST ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

export class Connection {
  /** When it was last given a request, and when that was written (performance.now()). */
  sentAt = 0
  writtenAt = 0
  readonly #url: URL
  readonly #onOutcome: (outcome: Outcome, connection: Connection) => void
  #socket: Socket | undefined
  #ready = false
  #request: Buffer | undefined
  #received: Buffer | undefined

  /** Connects with its first request. `onOutcome` is called once per request, after which it is free. */
  constructor(url: URL, onOutcome: (outcome: Outcome, connection: Connection) => void) {
    this.#url = url
    this.#onOutcome = onOutcome
  }

  get busy(): boolean {
    return this.#request !== undefined
  }

  send(request: Buffer): void {
    this.sentAt = performance.now()
    this.#request = request
    if (this.#socket === undefined) this.#connect()
    else if (this.#ready) this.#write()
  }

  /** Ends the request under way with this kind of error; the next one gets a new connection. */
  fail(error: string): void {
    const written = this.#ready
    this.close()
    if (this.#request !== undefined) this.#settle({ error, written })
  }

  /** Gives the connection up; a request under way has no outcome. */
  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
    this.#received = undefined
    this.#ready = false
  }

  /** True when the request under way may have reached the server. */
  get written(): boolean {
    return this.busy && this.#ready
  }

  #connect(): void {
    const secure = this.#url.protocol === 'https:'
    const host = this.#url.hostname.replace(/^\[|\]$/g, '')
    const port = Number(this.#url.port || (secure ? 443 : 80))
    const socket = secure ? connectTls({ host, port, servername: host }) : connect({ host, port })
    this.#socket = socket
    const current = () => this.#socket === socket
    socket.setNoDelay(true)
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      if (!current()) return
      this.#ready = true
      this.#write()
    })
    socket.on('data', (chunk) => current() && this.#read(chunk, false))
    socket.on('end', () => current() && this.#read(Buffer.alloc(0), true))
    // The listener stays after the socket was given up: a late error must not end the process.
    socket.on('error', (error) => current() && this.fail(errorKind(error)))
    socket.on('close', () => current() && this.fail('closed'))
  }

  #write(): void {
    if (this.#request === undefined) return
    this.writtenAt = performance.now()
    this.#socket?.write(this.#request)
  }

  #read(chunk: Buffer, ended: boolean): void {
    // Unasked bytes, or the server leaving between two requests: no request's concern.
    if (this.#request === undefined) return this.close()
    this.#received = this.#received === undefined ? chunk : Buffer.concat([this.#received, chunk])
    let answer: Answer | undefined
    try {
      answer = readAnswer(this.#received, ended)
    } catch {
      return this.fail('bad answer') // the kind is all the report can say about foreign bytes
    }
    if (answer === undefined) return ended ? this.fail('closed') : undefined
    this.#received = undefined
    if (ended || !answer.reusable) this.close()
    this.#settle(answer)
  }

  #settle(outcome: Outcome): void {
    this.#request = undefined
    this.#onOutcome(outcome, this)
  }
}

/**
 * The answer in these bytes, or undefined while it is incomplete; `ended` means that no more will come.
 * Throws when this is not HTTP/1.x or larger than 1 MiB.
 */
export function readAnswer(bytes: Buffer, ended: boolean): Answer | undefined {
  if (bytes.length > MAX_ANSWER_BYTES) throw new Error('the answer is larger than 1 MiB')
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) {
    if (bytes.length >= 5 && bytes.toString('latin1', 0, 5) !== 'HTTP/') throw new Error('not HTTP')
    return undefined
  }
  const head = bytes.toString('latin1', 0, headEnd)
  const [, minor, code] = /^HTTP\/1\.([01]) (\d{3})/.exec(head) ?? []
  if (code === undefined) throw new Error('not HTTP/1.x')
  const status = Number(code)
  const bodyAt = headEnd + 4
  if (status < 200) return readAnswer(bytes.subarray(bodyAt), ended)

  const keepAlive =
    minor === '1' ? !/\r\nconnection: *close/i.test(head) : /\r\nconnection: *keep-alive/i.test(head)
  const reusable = keepAlive && !ANSWERED_EARLY.has(status)
  const whole = (body: string, end: number) => ({ status, body, reusable: reusable && end === bytes.length })
  if (status === 204 || status === 304) return whole('', bodyAt)

  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const chunked = readChunks(bytes, bodyAt)
    return chunked && whole(chunked.body, chunked.end)
  }
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) {
    return ended ? { status, body: bytes.toString('utf8', bodyAt), reusable: false } : undefined
  }
  const end = bodyAt + Number(length)
  return bytes.length < end ? undefined : whole(bytes.toString('utf8', bodyAt, end), end)
}

function readChunks(bytes: Buffer, bodyAt: number): { body: string; end: number } | undefined {
  const parts: Buffer[] = []
  for (let at = bodyAt; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error('a chunk has no size')
    if (size === 0) {
      // Trailers, if any, end with an empty line like the head does.
      const end = bytes.indexOf('\r\n\r\n', lineEnd)
      return end < 0 ? undefined : { body: Buffer.concat(parts).toString('utf8'), end: end + 4 }
    }
    at = lineEnd + 2 + size + 2
    if (bytes.length < at) return undefined
    parts.push(bytes.subarray(lineEnd + 2, at - 2))
  }
}

const ERROR_KINDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found',
  EMFILE: 'too many open files',
}

/** The report's word for a socket error; a code without a word stands for itself. */
function errorKind(error: Error): string {
  const code = 'code' in error ? String(error.code) : error.message
  return ERROR_KINDS[code] ?? code
}
