import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { defer } from '../../../test/defer.ts'
import { until } from '../../../test/until.ts'
import { outcomes, recordsOf, sliceRun, type Batch, type Outcome } from '../batch.ts'
import { create } from '@bufbuild/protobuf'
import { BatchSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { IntakeOptions } from '../intake.ts'
import { MAX_EVENTS } from './http.ts'
import { eventType, openIntake } from './open-intake.ts'

const stored = () => Promise.resolve(outcomes.stored())

/** An intake on a free port, whose log is `persist`. */
async function startIntake(t: TestContext, change: Partial<IntakeOptions> = {}, silentMs = 50) {
  const { address, intake, source } = await openIntake({ persist: stored, ...change }, eventType, {
    silentMs,
  })
  let closed: Promise<void> | undefined
  const close = () => (closed ??= source.close())
  defer(t, close)
  const post = async (path: string, body: unknown, contentType = 'application/json') => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const headers = { 'Content-Type': contentType }
    const response = await fetch(`http://${address}${path}`, { method: 'POST', headers, body: text })
    return { status: response.status, headers: response.headers, body: (await response.json()) as Reply }
  }
  return { address, intake, close, post }
}

type Reply = { id?: string; error?: string; results?: { status: number; id?: string; error?: string }[] }

const tweet = (n = 0) => ({ text: `lluvia ${n}`, country: ['Perú', 'México', 'Chile'][n % 3] })
const tweets = (count: number) => Array.from({ length: count }, (_, n) => tweet(n))

/** A log whose batches wait for `finish`. */
function heldLog() {
  const out: { batch: Batch; finish: (outcome: Outcome) => void }[] = []
  const persist = (batch: Batch) => new Promise<Outcome>((finish) => out.push({ batch, finish }))
  return { out, persist }
}

test('202 with the receipt comes only after the log has the event', async (t) => {
  const { out, persist } = heldLog()
  const { post, intake } = await startIntake(t, { persist })
  let answered = false
  const posted = post('/input', tweet()).finally(() => (answered = true))
  await until('the batch is out', () => out.length === 1)
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  assert.equal(answered, false)
  out[0]!.finish(outcomes.stored())
  const { status, body } = await posted
  assert.equal(status, 202)
  assert.match(body.id!, new RegExp(`^${intake.origin}-[0-3]-1$`))
})

test('POST / and POST /input take the same event, in both spellings and with a charset', async (t) => {
  const { post } = await startIntake(t)
  for (const path of ['/', '/input']) {
    for (const event of [tweet(), { texto: 'llueve', pais: 'Perú' }]) {
      assert.equal((await post(path, event, 'application/json; charset=utf-8')).status, 202)
      assert.equal((await post(path, event, 'Application/JSON')).status, 202)
    }
  }
})

test('POST /events answers each event of an array, or of one a line, in order', async (t) => {
  const { post } = await startIntake(t)
  const lines = `${tweets(3)
    .map((each) => JSON.stringify(each))
    .join('\r\n')}\n\n  \n`
  for (const reply of [
    await post('/events', tweets(3)),
    await post('/events', lines, 'application/x-ndjson'),
    await post('/events', lines, 'application/ndjson'),
  ]) {
    assert.equal(reply.status, 202)
    assert.deepEqual(
      reply.body.results!.map(({ status }) => status),
      [202, 202, 202],
    )
    assert.equal(new Set(reply.body.results!.map(({ id }) => id)).size, 3)
  }
})

test('a mixed array is answered 207 and each event for itself; one without any good event is 400', async (t) => {
  const { post } = await startIntake(t)
  const mixed = await post('/events', [tweet(), { text: 'x' }, 'text', null, tweet()])
  assert.equal(mixed.status, 207)
  assert.deepEqual(
    mixed.body.results!.map(({ status }) => status),
    [202, 400, 400, 400, 202],
  )
  assert.match(mixed.body.results![1]!.error!, /^country: /)
  const line = await post('/events', `${JSON.stringify(tweet())}\n{"text": \n`, 'application/x-ndjson')
  assert.equal(line.status, 207)
  assert.equal((await post('/events', [{}, 5])).status, 400)
})

test(`a body holds at most ${MAX_EVENTS} events, and at least one`, async (t) => {
  const { post } = await startIntake(t)
  const most = await post('/events', tweets(MAX_EVENTS))
  assert.deepEqual([most.status, most.body.results!.length], [202, MAX_EVENTS])
  const lines = (count: number) =>
    tweets(count)
      .map((each) => JSON.stringify(each))
      .join('\n')
  assert.equal((await post('/events', lines(MAX_EVENTS), 'application/x-ndjson')).status, 202)
  for (const reply of [
    await post('/events', tweets(MAX_EVENTS + 1)),
    await post('/events', lines(MAX_EVENTS + 1), 'application/x-ndjson'),
  ]) {
    assert.deepEqual([reply.status, reply.body.error], [413, `more than ${MAX_EVENTS} events in one body`])
  }
  for (const empty of ['[]', '']) assert.equal((await post('/events', empty)).status, 400)
  assert.equal((await post('/events', '\n \n', 'application/x-ndjson')).status, 400)
  assert.match((await post('/events', tweet())).body.error!, /must be a JSON array/)
})

test('a full queue answers 503, says that nothing is stored, and when to come again', async (t) => {
  const { out, persist } = heldLog()
  const { post } = await startIntake(t, { persist, maxQueueBytes: 500 })
  const first = post('/input', tweet())
  await until('the batch is out', () => out.length === 1)
  const { status, headers, body } = await post('/input', tweet())
  assert.deepEqual([status, headers.get('retry-after')], [503, '1'])
  assert.deepEqual(body, { error: 'not stored: the queue is full' })
  out[0]!.finish(outcomes.stored())
  assert.equal((await first).status, 202)
})

test('a log that does not answer is 503, may or may not be stored', async (t) => {
  const { post } = await startIntake(t, { persist: () => Promise.resolve(outcomes.failed('stopping')) })
  const { status, headers, body } = await post('/input', tweet())
  assert.deepEqual([status, headers.get('retry-after')], [503, '1'])
  assert.deepEqual(body, { error: 'may or may not be stored: stopping' })
})

test('what the log refuses for good is 422, for that event only', async (t) => {
  const { post } = await startIntake(t, {
    partitions: 1,
    persist: async (batch, rejected) => {
      const run = batch.runs[0]!
      await rejected(create(BatchSchema, { runs: [sliceRun(run, 1, 2)] }), 'too large')
      return outcomes.stored()
    },
  })
  const { status, body } = await post('/events', tweets(3))
  assert.equal(status, 207)
  const [before, refused, after] = body.results!
  assert.deepEqual([before!.status, after!.status], [202, 202])
  assert.deepEqual(refused, { status: 422, error: 'the log refuses it for good: too large' })
})

test('an event whose client hangs up before it joins a batch is dropped', async (t) => {
  const { out, persist } = heldLog()
  const { post, address, intake } = await startIntake(t, { persist })
  const first = post('/input', tweet())
  await until('the first batch is out', () => out.length === 1)
  const queued = intake.queuedBytes()
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  const body = JSON.stringify(tweet())
  socket.write(
    `POST /input HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length + 1}\r\n\r\n${body}`,
  )
  await until('it is queued', () => intake.queuedBytes() > queued)
  socket.resetAndDestroy()
  const last = post('/input', tweet())
  await until('the last is queued', () => intake.queuedBytes() > queued * 2.5)
  out.shift()!.finish(outcomes.stored())
  await until('the next batch is out', () => out.length === 1)
  assert.equal(recordsOf(out[0]!.batch), 1)
  out[0]!.finish(outcomes.stored())
  assert.deepEqual([(await first).status, (await last).status], [202, 202])
})

test('closing answers what is in flight, then no one can connect', async (t) => {
  const { out, persist } = heldLog()
  const { post, close, address } = await startIntake(t, { persist })
  const first = post('/input', tweet())
  await until('the batch is out', () => out.length === 1)
  const closing = close()
  const [host, port] = address.split(':')
  const [refused] = (await once(connect(Number(port), host), 'error')) as [NodeJS.ErrnoException]
  assert.equal(refused.code, 'ECONNREFUSED')
  out[0]!.finish(outcomes.stored())
  assert.equal((await first).status, 202)
  await closing
})

test('a server that leaves stores what connected clients still send, and each answer closes its connection', async (t) => {
  const { address, close } = await startIntake(t, {}, 1_000)
  const [host, port] = address.split(':')
  const body = JSON.stringify(tweet())
  const request = `POST /input HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const clients = [1, 2].map(() => {
    const socket = connect(Number(port), host)
    const client = { socket, text: '', ended: false }
    socket.on('data', (chunk: Buffer) => (client.text += chunk.toString()))
    socket.on('end', () => (client.ended = true))
    defer(t, () => socket.destroy())
    return client
  })
  const [busy, silent] = clients as [(typeof clients)[0], (typeof clients)[0]]
  for (const client of clients) {
    client.socket.write(request)
    await until('the first is answered', () => client.text.includes('"id"'))
    assert.doesNotMatch(client.text, /Connection: close/i)
    client.text = ''
  }
  const closing = close()
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  assert.deepEqual(
    [busy.ended, silent.ended],
    [false, false],
    'a connection is closed on which a request may come',
  )
  busy.socket.write(request)
  await until('the second is answered', () => busy.ended)
  assert.match(busy.text, /^HTTP\/1.1 202 /)
  assert.match(busy.text, /Connection: close/i)
  await closing
  await until('the silent one is closed', () => silent.ended)
  assert.equal(silent.text, '')
})

test('a server that leaves does not wait for connections that are closed', async (t) => {
  const { address, close } = await startIntake(t, {}, 10_000)
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'data')
  socket.end()
  await once(socket, 'close')
  const webSocket = new WebSocket(`ws://${address}/events`)
  await once(webSocket, 'open')
  webSocket.close()
  await once(webSocket, 'close')
  const began = performance.now()
  await close()
  assert.ok(performance.now() - began < 1_000, `${performance.now() - began} ms`)
})
