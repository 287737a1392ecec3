// A WebSocket client that costs the machine little: Node's own masks every byte of a frame in JavaScript, which is
// 0.6 µs an event here, more than the hop under test needs for it. This one masks with zero, which changes nothing
// and which RFC 6455 allows to anyone but a browser. Binary frames only; pings are answered.
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'

const [BINARY, CLOSE, PING, PONG] = [0x2, 0x8, 0x9, 0xa]
const FINAL = 0x80
const MASKED = 0x80
const ZERO_MASK_BYTES = 4

export type Events = {
  message(payload: Buffer): void
  /** Called once, however it ends, also before it opened. */
  closed(reason: string): void
}

export type BinaryWebSocket = {
  send(payload: Uint8Array): void
  close(): void
}

/** Connects to ws://`host:port``path`. */
export function openWebSocket(address: string, path: string, events: Events): BinaryWebSocket {
  const [host, port] = address.split(':')
  const socket = connect({ host: host!, port: Number(port), noDelay: true })
  let received: Buffer = Buffer.alloc(0)
  let upgraded = false
  let ended = false
  const end = (reason: string) => {
    if (ended) return
    ended = true
    socket.destroy()
    events.closed(reason)
  }
  const write = (opcode: number, payload: Uint8Array) => {
    socket.cork()
    socket.write(frameHead(opcode, payload.length))
    socket.write(payload)
    socket.uncork()
  }
  const upgrade = () => {
    const headEnd = received.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const head = received.toString('latin1', 0, headEnd)
    if (!head.startsWith('HTTP/1.1 101')) return end(`no WebSocket: ${head.split('\r\n')[0]}`)
    received = received.subarray(headEnd + 4)
    upgraded = true
  }
  socket.on('connect', () => {
    const key = randomBytes(16).toString('base64')
    const head = [`GET ${path} HTTP/1.1`, `Host: ${address}`, 'Upgrade: websocket', 'Connection: Upgrade']
    socket.write(
      `${[...head, `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13'].join('\r\n')}\r\n\r\n`,
    )
  })
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    if (!upgraded) upgrade()
    while (upgraded && !ended) {
      const frame = readFrame(received)
      if (!frame) return
      received = received.subarray(frame.end)
      if (frame.opcode === BINARY) events.message(frame.payload)
      else if (frame.opcode === PING) write(PONG, frame.payload)
      else if (frame.opcode === CLOSE) end(`closed by the server: ${frame.payload.toString('utf8', 2)}`)
    }
  })
  socket.on('error', (cause) => end(cause.message))
  socket.on('close', () => end('the connection closed'))
  return {
    send: (payload) => write(BINARY, payload),
    close: () => end('closed'),
  }
}

/** The head of a client's frame, its mask included. */
export function frameHead(opcode: number, length: number): Buffer {
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + lengthBytes + ZERO_MASK_BYTES)
  head[0] = FINAL | opcode
  head[1] = MASKED | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) head.writeUInt16BE(length, 2)
  else if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

/** The server's frame at the start of these bytes; undefined while it is incomplete. Servers do not mask. */
export function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]! & 0x7f
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8
  const start = 2 + lengthBytes
  if (bytes.length < start) return undefined
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  const end = start + length
  if (bytes.length < end) return undefined
  return { opcode: bytes[0]! & 0x0f, payload: bytes.subarray(start, end), end }
}
