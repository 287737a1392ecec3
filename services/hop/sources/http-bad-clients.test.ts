// Clients that break off, fall silent, send too much or speak no HTTP.
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, test, type TestContext } from 'node:test'
import { defer } from '../../../test/defer.ts'
import { until } from '../../../test/until.ts'
import { outcomes, recordsOf, type Source } from '../batch.ts'
import { openIntake } from './open-intake.ts'

let port = 0
let source: Source
let logged = 0
let accepted = 0

before(async () => {
  const opened = await openIntake({
    persist: (batch) => {
      logged += recordsOf(batch)
      return Promise.resolve(outcomes.stored())
    },
  })
  port = opened.port
  source = opened.source
})
after(() => source.close())

/** The server still takes an event, and the log has only what was accepted. */
async function assertUp(): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify({ text: 'llueve', country: 'Perú' })
  const { status } = await fetch(`http://127.0.0.1:${port}/input`, { method: 'POST', headers, body })
  assert.equal(status, 202)
  accepted++
  assert.equal(logged, accepted, 'the log has something that was refused')
}

/** A raw connection, and what came back over it. */
function open(t: TestContext): { socket: Socket; received: () => string; closed: () => boolean } {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  let closed = false
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  // A reset is one of the ways in which a connection may close.
  socket.on('error', () => (closed = true))
  socket.on('close', () => (closed = true))
  defer(t, () => socket.destroy())
  return { socket, received: () => text, closed: () => closed }
}
const head = (length: number, path = '/input') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`

for (const path of ['/input', '/events']) {
  test(`a body of 10 MB on ${path} is answered 413 and cut off`, async (t) => {
    const { socket, received, closed } = open(t)
    socket.write(head(10_000_000, path))
    socket.write(Buffer.alloc(10_000_000, 0x20))
    await until('it is closed', closed)
    assert.match(received(), /^HTTP\/1.1 413 /)
    await assertUp()
  })
}

test('a body that comes too slowly is answered 408 and cut off', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { socket, received, closed } = open(t)
  socket.write(`${head(1_000)}{"text":`)
  // The body's clock runs once its first part is there.
  for (let ms = 0; !closed(); ms += 100) {
    assert.ok(ms < 60_000, 'no answer in a minute of the mocked clock')
    t.mock.timers.tick(100)
    if (ms % 1_000 === 0) socket.write(' ')
    await new Promise(setImmediate)
  }
  assert.match(received(), /^HTTP\/1.1 408 .*the body did not come in time/s)
  t.mock.timers.reset()
  await assertUp()
})

test('a body that comes in parts is put together', async (t) => {
  const { socket, received } = open(t)
  const body = Buffer.from(JSON.stringify({ text: 'ñ'.repeat(200), country: 'Perú' }))
  socket.setNoDelay(true)
  socket.write(head(body.length))
  for (let at = 0; at < body.length; at += 45) {
    socket.write(body.subarray(at, at + 45))
    await new Promise(setImmediate)
  }
  await until('it is answered', () => received().includes('"id"'))
  accepted++
  await assertUp()
})

test('sockets that fall silent, in the head or in the body, hold up nobody', async (t) => {
  for (const part of ['', 'POST /inp', head(1_000), `${head(1_000)}{"text":`]) open(t).socket.write(part)
  await assertUp()
})

test('a client that hangs up in the middle of its body leaves nothing behind', async (t) => {
  const { socket, closed } = open(t)
  socket.write(`${head(1_000)}{"text":`)
  await assertUp()
  socket.resetAndDestroy()
  await until('it is closed', closed)
  await assertUp()
})

const noHttp: [name: string, text: string][] = [
  ['a greeting of TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001'.padEnd(60, 'a')],
  ['an unknown version', 'GET / HTTP/9.1\r\nHost: a\r\n\r\n'],
  ['a length that is no number', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n'],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  ['a head of 100,000 bytes', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
]
for (const [name, text] of noHttp) {
  test(`${name} is no HTTP: it is cut off, perhaps with an error`, async (t) => {
    const { socket, received, closed } = open(t)
    socket.write(text)
    await until('it is closed', closed)
    assert.doesNotMatch(received(), /^HTTP\/1.1 2/)
    await assertUp()
  })
}

test('a second request before the first is answered cuts the connection off: there is no pipelining', async (t) => {
  const { socket, closed } = open(t)
  const text = JSON.stringify({ text: 'a', country: 'Peru' })
  socket.write(`${head(text.length)}${text}`.repeat(3))
  await until('it is closed', closed)
  await assertUp()
})
