// Thousands of watchers of one query service, as a process of their own: what each change took to reach them.
// Sockets are plain, because a thousand WebSocket clients of Node cost more than the server that is measured.
import { connect, type Socket } from 'node:net'
import { build } from 'hdr-histogram-js'

const [port, count] = process.argv.slice(2).map(Number) as [number, number]
const HANDSHAKE = [
  'GET /live HTTP/1.1',
  'Host: test',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n')
/** Of connections that are opened at once. */
const OPENING = 200

const latency = build({ highestTrackableValue: 60_000, numberOfSignificantValueDigits: 3 })
const seen = new Uint32Array(count)
const sockets: Socket[] = []
let changedAt = 0
let total = 0
let closed = 0

/** A pong that nobody asked for (RFC 6455, 5.5.3): the server closes who says nothing at all. Empty, masked with 0. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
/** A tenth of the clients each second. */
const PONG_TURNS = 10
let turn = 0
const pongs = setInterval(() => {
  for (let index = turn; index < sockets.length; index += PONG_TURNS) sockets[index]!.write(PONG)
  turn = (turn + 1) % PONG_TURNS
}, 1_000)

/** The total in a message is all that is looked for. */
const TOTAL = /"total":(\d+)/g

function open(index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', reject).on('close', () => closed++)
    socket.once('data', () => resolve())
    socket.on('data', (chunk) => {
      for (const match of chunk.toString('latin1').matchAll(TOTAL)) {
        const found = Number(match[1])
        if (found !== total || seen[index] === total) continue
        seen[index] = found
        latency.recordValue(Math.max(1, Date.now() - changedAt))
      }
    })
    socket.write(HANDSHAKE)
  })
}

for (let index = 0; index < count; index += OPENING)
  await Promise.all(Array.from({ length: Math.min(OPENING, count - index) }, (_, at) => open(index + at)))
process.send!({ open: count })

process.on('message', (message: { total: number; at: number } | 'report') => {
  if (message === 'report') {
    const missing = seen.filter((value) => value !== total).length
    const ms = (percentile: number) => latency.getValueAtPercentile(percentile)
    process.send!({ messages: latency.totalCount, missing, closed, p50: ms(50), p99: ms(99), max: ms(100) })
    clearInterval(pongs)
    for (const socket of sockets) socket.destroy()
    process.disconnect()
  } else {
    total = message.total
    changedAt = message.at
  }
})
