// What the public intake makes of a request that is traced, by HTTP and by WebSocket.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { defer } from '../../../test/defer.ts'
import { until } from '../../../test/until.ts'
import { eachRecord, outcomes, type Batch, type Outcome } from '../batch.ts'
import type { StartRequest } from '../tracing.ts'
import { openIntake } from './open-intake.ts'

type Request = { method: string; path: string; header: unknown; traceparent: string; ends: unknown[] }

/** An intake that traces those requests whose header is `yes`; its log answers `outcome`, or not at all. */
async function startIntake(t: TestContext, outcome: Outcome | 'wait' = outcomes.stored(), on = true) {
  const requests: Request[] = []
  const batches: Batch[] = []
  const startRequest: StartRequest = (method, path, header) => {
    if (header !== 'yes') return undefined
    const request: Request = { method, path, header, traceparent: `span ${requests.length + 1}`, ends: [] }
    requests.push(request)
    return { traceparent: request.traceparent, end: (status) => request.ends.push(status) }
  }
  const held: ((outcome: Outcome) => void)[] = []
  const { address, source } = await openIntake(
    {
      partitions: 1,
      persist(batch) {
        batches.push(batch)
        if (outcome !== 'wait') return Promise.resolve(outcome)
        return new Promise((finish) => held.push(finish))
      },
    },
    undefined,
    { startRequest: on ? startRequest : undefined },
  )
  defer(t, async () => {
    const closing = source.close()
    for (const finish of held) finish(outcomes.stored())
    await closing
  })
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`http://${address}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    await answer.arrayBuffer()
    return answer.status
  }
  return { address, post, requests, batches }
}

/** Of every event that was logged, in order. */
const contextsOf = (batches: Batch[]) => {
  const contexts: (string | undefined)[] = []
  for (const run of batches.flatMap(({ runs }) => runs))
    eachRecord(run, (_event, _seq, _timeUs, _delta, traceparent) => contexts.push(traceparent))
  return contexts
}

const tweet = { text: 'llueve', country: 'Perú' }
const yes = { traceparent: 'yes' }

test('an event of a traced request carries the context of its span, and one beside it carries none', async (t) => {
  const { post, requests, batches } = await startIntake(t)
  for (const headers of [yes, {}, yes]) assert.equal(await post('/input', tweet, headers), 202)
  assert.deepEqual(contextsOf(batches), ['span 1', undefined, 'span 2'])
  assert.deepEqual(
    requests.map(({ method, path, ends }) => [method, path, ends]),
    [
      ['POST', '/input', [202]],
      ['POST', '/input', [202]],
    ],
  )
})

test('all events of one traced request are in its span', async (t) => {
  const { post, requests, batches } = await startIntake(t)
  assert.equal(await post('/events', [tweet, {}, tweet], yes), 207)
  assert.deepEqual(contextsOf(batches), ['span 1', 'span 1'])
  assert.deepEqual(requests[0]!.ends, [207])
})

test('the span ends with the status that the client gets, whatever it is', async (t) => {
  const { post, requests } = await startIntake(t, outcomes.failed('away'))
  const statuses = [
    await post('/input', tweet, yes),
    await post('/input', {}, yes),
    await post('/input', { ...tweet, text: 'x'.repeat(70_000) }, yes),
    await post('/input', tweet, { ...yes, 'Content-Type': 'text/plain' }),
    await post('/events', {}, yes),
  ]
  assert.deepEqual(statuses, [503, 400, 413, 415, 400])
  assert.deepEqual(
    requests.map(({ ends }) => ends),
    statuses.map((status) => [status]),
  )
})

test('the span of a client that leaves ends without a status', async (t) => {
  const { address, requests, batches } = await startIntake(t, 'wait')
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  const body = JSON.stringify(tweet)
  const head = `Content-Type: application/json\r\ntraceparent: yes\r\nContent-Length: ${Buffer.byteLength(body)}`
  socket.write(`POST /input HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${body}`)
  await until('its batch is out', () => batches.length === 1)
  socket.destroy()
  await until('its span has ended', () => requests[0]!.ends.length > 0)
  assert.deepEqual(requests[0]!.ends, [undefined])
})

test('a frame names its context in a member, and its span ends when it is answered', async (t) => {
  const { address, requests, batches } = await startIntake(t)
  const socket = new WebSocket(`ws://${address}/events`)
  const frames: { n?: number }[] = []
  socket.onmessage = ({ data }) => frames.push(JSON.parse(String(data)) as { n?: number })
  defer(t, () => socket.close())
  await until('the credits are granted', () => frames.length === 1)
  socket.send(JSON.stringify({ n: 1, events: [tweet, tweet], traceparent: 'yes' }))
  socket.send(JSON.stringify({ n: 2, events: [tweet] }))
  await until('both are answered', () => frames.length === 3)
  assert.deepEqual(contextsOf(batches), ['span 1', 'span 1', undefined])
  assert.deepEqual(
    requests.map(({ method, path, ends }) => [method, path, ends]),
    [['WS', '/events', [202]]],
  )
})

test('the span of a frame ends without a status when its socket closes before the answer', async (t) => {
  const { address, requests, batches } = await startIntake(t, 'wait')
  const socket = new WebSocket(`ws://${address}/events`)
  socket.onopen = () => socket.send(JSON.stringify({ n: 1, events: [tweet], traceparent: 'yes' }))
  await until('its batch is out', () => batches.length === 1)
  socket.close()
  await until('its span has ended', () => requests[0]!.ends.length > 0)
  assert.deepEqual(requests[0]!.ends, [undefined])
})

test('where tracing is off the header of a client means nothing', async (t) => {
  const { post, batches } = await startIntake(t, outcomes.stored(), false)
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  assert.equal(await post('/input', tweet, { traceparent }), 202)
  assert.deepEqual(contextsOf(batches), [undefined])
  assert.equal(batches[0]!.runs[0]!.traces.length, 0)
})
