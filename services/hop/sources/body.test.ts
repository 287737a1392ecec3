import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import * as uWS from 'uWebSockets.js'
import { defer } from '../../../test/defer.ts'
import { until } from '../../../test/until.ts'
import { listen } from '../../lib/admin.ts'
import { readBody } from './body.ts'

const MAX_BYTES = 1_000

/** A server that notes what readBody says of each request, and answers it. */
async function startServer(t: TestContext) {
  const said: string[] = []
  let requests = 0
  const app = uWS.App()
  app.post('/', (res) => {
    requests++
    readBody(
      res,
      MAX_BYTES,
      (body) => {
        said.push('bytes' in body ? body.bytes.toString() : Object.keys(body)[0]!)
        res.cork(() => res.end('answered'))
      },
      () => said.push('gone'),
    )
  })
  const { port } = await listen(app, '127.0.0.1:0')
  defer(t, () => app.close())
  const send = (length: number, ...parts: string[]) => {
    const socket = connect(port, '127.0.0.1')
    defer(t, () => socket.destroy())
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`)
    for (const part of parts) socket.write(part)
    return socket
  }
  return { said, send, requests: () => requests }
}

test('a body is handed on once, whole, in whatever parts it comes', async (t) => {
  const { said, send } = await startServer(t)
  const text = 'ñ😀'.repeat(100)
  send(Buffer.byteLength(text), text)
  await until('it came in one part', () => said.length === 1)
  const slow = send(Buffer.byteLength(text))
  for (const byte of Buffer.from(text)) {
    slow.write(Uint8Array.of(byte))
    if (byte === 0xf0) await new Promise(setImmediate)
  }
  await until('it came in many parts', () => said.length === 2)
  assert.deepEqual(said, [text, text])
})

test('a body of exactly the limit is taken, and one of a byte more is too large, said once', async (t) => {
  const { said, send } = await startServer(t)
  send(MAX_BYTES, 'x'.repeat(MAX_BYTES))
  await until('it is read', () => said.length === 1)
  assert.equal(said[0], 'x'.repeat(MAX_BYTES))
  // What follows the answer would touch an answered response.
  const socket = send(500_000, ...Array.from({ length: 50 }, () => 'x'.repeat(10_000)))
  await until('it is refused', () => said.length === 2)
  await until('the rest is sent', () => socket.writableLength === 0)
  assert.deepEqual(said.slice(1), ['tooLarge'])
})

test('an empty body is a body', async (t) => {
  const { said, send } = await startServer(t)
  send(0)
  await until('it is read', () => said.length === 1)
  assert.deepEqual(said, [''])
})

test('a client that goes first is gone, and nothing else is said of it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { said, send, requests } = await startServer(t)
  const socket = send(100, 'half')
  await until('it is being read', () => requests() === 1)
  socket.resetAndDestroy()
  await until('it is gone', () => said.length === 1)
  t.mock.timers.tick(60_000)
  assert.deepEqual(said, ['gone'])
})

test('a body that is not whole in ten seconds is late, also when a byte comes now and then', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { said, send } = await startServer(t)
  const socket = send(100, 'a')
  let ms = 0
  while (said.length === 0) {
    assert.ok(ms < 60_000, 'nothing was said in a minute of the mocked clock')
    t.mock.timers.tick(100)
    ms += 100
    if (ms % 2_000 === 0) socket.write('b')
    await new Promise(setImmediate)
  }
  assert.deepEqual(said, ['late'])
  assert.ok(ms >= 10_000, `said after ${ms} ms`)
})
