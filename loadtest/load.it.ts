import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { test } from 'node:test'
import { arrivalsOf } from './arrivals.ts'
import { closedAddress, startIntake } from './intake-fixture.ts'
import { runLoad, type LoadOptions } from './load.ts'

const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ text: `tweet ${i}`, country: 'Perú' }))
const defaults = { concurrence: 10, timeoutMs: 20_000 } satisfies Partial<LoadOptions>
const bodyOf = (row: object) => `POST /input ${JSON.stringify(row)}`

test('exactly n requests arrive, spread over the rows in order', async (t) => {
  const intake = await startIntake(t)
  const rows = rowsOf(30)
  const ids = new Set<string>()
  const report = await runLoad({
    ...defaults,
    host: intake.url,
    rows,
    requests: 1_003,
    onAccepted: (id) => ids.add(id),
  })
  assert.equal(report.ended, 'complete')
  assert.deepEqual([report.sent, report.accepted, report.left], [1_003, 1_003, 0])
  assert.deepEqual([report.byStatus, report.errors], [{ 202: 1_003 }, {}])
  assert.equal(ids.size, 1_003)
  const expected = Array.from({ length: 1_003 }, (_, i) => bodyOf(rows[i % 30] ?? {}))
  assert.deepEqual(intake.bodies.toSorted(), expected.toSorted())
})

test('as many requests are under way as there are connections, and no more', async (t) => {
  const intake = await startIntake(t, (_nth, _request, response) => {
    setTimeout(() => response.writeHead(202).end(), 5)
    return true
  })
  const report = await runLoad({ ...defaults, host: intake.url, rows: rowsOf(3), requests: 200 })
  assert.deepEqual([report.accepted, intake.mostAtOnce], [200, 10])
})

test('one connection sends the rows in their order', async (t) => {
  const intake = await startIntake(t)
  const rows = rowsOf(7)
  await runLoad({ ...defaults, concurrence: 1, host: intake.url, rows, requests: 20 })
  assert.deepEqual(
    intake.bodies,
    Array.from({ length: 20 }, (_, i) => bodyOf(rows[i % 7] ?? {})),
  )
})

test('more connections than requests are not opened', async (t) => {
  const intake = await startIntake(t)
  const report = await runLoad({
    ...defaults,
    concurrence: 50,
    host: intake.url,
    rows: rowsOf(1),
    requests: 3,
  })
  assert.equal(report.accepted, 3)
  assert.equal(intake.bodies.length, 3)
})

test('mixed answers are each counted once: refusals by status, a reset and a silent close as errors', async (t) => {
  const intake = await startIntake(t, (nth, request, response) => {
    if (nth % 100 === 10) response.writeHead(400).end('{"error":"text is missing"}')
    else if (nth % 100 === 20) response.writeHead(503, { 'retry-after': '1' }).end()
    else if (nth % 100 === 25) response.writeHead(413, { connection: 'close' }).end()
    else if (nth === 30) request.socket.resetAndDestroy()
    else if (nth === 40) request.socket.end()
    else return false
    return true
  })
  const report = await runLoad({ ...defaults, host: intake.url, rows: rowsOf(9), requests: 500 })
  assert.deepEqual(report.byStatus, { 202: 483, 400: 5, 413: 5, 503: 5 })
  assert.deepEqual(report.errors, { reset: 1, closed: 1 })
  assert.deepEqual([report.sent, report.accepted, report.left, report.ended], [500, 483, 0, 'complete'])
  assert.equal(intake.bodies.length, 500, 'nothing is sent twice')
})

test('at the timeout the run stops, says what was left, and what was under way is unanswered', async (t) => {
  const intake = await startIntake(t, (nth) => nth > 20)
  const report = await runLoad({
    ...defaults,
    timeoutMs: 400,
    host: intake.url,
    rows: rowsOf(3),
    requests: 100,
  })
  assert.equal(report.ended, 'timeout')
  assert.deepEqual([report.accepted, report.sent, report.left], [20, 30, 70])
  assert.deepEqual(report.errors, { unanswered: 10 })
  assert.ok(report.seconds >= 0.39 && report.seconds < 2, `${report.seconds}`)
})

test('a request without an answer is given up, its connection replaced', async (t) => {
  const intake = await startIntake(t, (nth) => nth === 5)
  const options = { ...defaults, concurrence: 2, answerTimeoutMs: 300 }
  const report = await runLoad({ ...options, host: intake.url, rows: rowsOf(3), requests: 40 })
  assert.deepEqual([report.accepted, report.errors], [39, { timeout: 1 }])
})

test('a run that meets no intake at all stops at once', async () => {
  const report = await runLoad({
    ...defaults,
    host: await closedAddress(),
    rows: rowsOf(3),
    requests: 10_000,
  })
  assert.equal(report.ended, 'unreachable')
  assert.deepEqual(Object.keys(report.errors), ['connection refused'])
  assert.ok(report.sent <= 10 && report.left === 10_000 - report.sent)
  assert.ok(report.seconds < 2)
})

test('an intake that goes away for a moment costs the requests of that moment', async (t) => {
  const answer = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'
  const sockets = new Set<Socket>()
  let answered = 0
  const listen = (port: number) =>
    new Promise<Server>((resolve) => {
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on('error', () => sockets.delete(socket))
        socket.on('data', () => {
          answered += 1
          socket.write(answer)
          if (answered === 100) void restart()
        })
      })
      server.listen(port, '127.0.0.1', () => resolve(server))
    })
  let server = await listen(0)
  const { port } = server.address() as { port: number }
  const restart = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.resetAndDestroy()
    await closed
    await new Promise((resolve) => setTimeout(resolve, 250))
    server = await listen(port)
  }
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const host = new URL(`http://127.0.0.1:${port}/input`)
  const report = await runLoad({ ...defaults, concurrence: 4, host, rows: rowsOf(3), requests: 300 })
  const failures = Object.values(report.errors).reduce((total, n) => total + n, 0)
  assert.equal(report.ended, 'complete')
  assert.equal(report.accepted + failures, 300)
  assert.ok((report.errors['connection refused'] ?? 0) >= 4, JSON.stringify(report.errors))
  assert.ok(failures < 40, 'a refused connection waits before its next request')
})

test('at a rate, requests leave when they are due and a stall counts for all that were due in it', async (t) => {
  const intake = await startIntake(t, (nth, _request, response) => {
    if (nth !== 50) return false
    setTimeout(() => response.writeHead(202).end(), 500)
    return true
  })
  const options = { ...defaults, concurrence: 1, rate: 200 }
  const report = await runLoad({ ...options, host: intake.url, rows: rowsOf(3), requests: 200 })
  assert.equal(report.accepted, 200)
  assert.ok(report.seconds > 0.95 && report.seconds < 2, `${report.seconds}`)
  assert.ok(report.latencyMs.max >= 495)
  // 100 requests were due in the stall; a closed loop would show one slow request of 200.
  assert.ok(report.latencyMs.p90 > 250, `${report.latencyMs.p90}`)
})

test('a rate that changes is kept, and requests that find no free connection are late', async (t) => {
  const intake = await startIntake(t)
  const { dueMs } = arrivalsOf([
    { seconds: 1, rate: 400 },
    { seconds: 1, rate: 0 },
  ])
  const report = await runLoad({ ...defaults, dueMs, host: intake.url, rows: rowsOf(3), requests: 390 })
  assert.equal(report.accepted, 390)
  // Of 400 in a triangle of 2 s, 200 are due in each second.
  assert.ok(report.seconds > 1.7 && report.seconds < 2, `${report.seconds}`)
  assert.ok(Math.abs(report.eachSecond[0]!.accepted - 200) < 30, JSON.stringify(report.eachSecond))
  assert.ok(report.late < 0.2, `${report.late}`)

  const slow = await startIntake(t, (_nth, _request, response) => {
    setTimeout(() => response.writeHead(202).end(), 100)
    return true
  })
  const options = { ...defaults, concurrence: 1, rate: 100 }
  const held = await runLoad({ ...options, host: slow.url, rows: rowsOf(3), requests: 20 })
  assert.ok(held.late > 0.9, `${held.late}`)
})

test('a signal stops the run', async (t) => {
  const intake = await startIntake(t, (nth) => nth > 5)
  const signal = AbortSignal.timeout(300)
  const report = await runLoad({ ...defaults, host: intake.url, rows: rowsOf(3), requests: 100, signal })
  assert.deepEqual([report.ended, report.accepted, report.sent + report.left], ['interrupted', 5, 100])
})

test('a server that does not speak HTTP is an error of its own kind', async (t) => {
  const server = createServer((socket) =>
    socket.end('SSH-2.0-OpenSSH_9.2\r\n').on('error', () => socket.destroy()),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const host = new URL(`http://127.0.0.1:${port}/`)
  const report = await runLoad({ ...defaults, host, rows: rowsOf(3), requests: 20 })
  assert.deepEqual([report.sent, report.errors], [20, { 'bad answer': 20 }])
})

for (const ending of ['the sending time', 'the signal to send no more'])
  test(`after ${ending} nothing more is sent, and what is under way is answered`, async (t) => {
    const intake = await startIntake(t, (_nth, _request, response) => {
      setTimeout(() => response.writeHead(202).end(), 20)
      return true
    })
    const until = ending === 'the sending time' ? { sendForMs: 100 } : { sendUntil: AbortSignal.timeout(100) }
    const options = { ...defaults, host: intake.url, rows: rowsOf(1), requests: 1_000_000, ...until }
    const report = await runLoad(options)
    assert.equal(report.ended, 'complete')
    assert.deepEqual([report.errors, report.left], [{}, 0])
    assert.ok(
      report.accepted >= 10 && report.accepted === intake.bodies.length,
      `${report.accepted} accepted`,
    )
  })
