// What the HTTP server for hops and the public intake each refuse, and that neither takes the other's bodies.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import {
  AppendRequestSchema,
  AppendResponseSchema,
  type BatchSchema,
} from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { findFreePort } from '../../../local/ports.ts'
import { defer } from '../../../test/defer.ts'
import { MAX_MESSAGE_BYTES, outcomes, Verdict, type Batch } from '../batch.ts'
import { APPEND_PATH, BATCH_TYPE, createHopHttpSource } from './hop-http.ts'
import { createHopHttpSink } from '../sinks/hop-http.ts'
import { openIntake } from './open-intake.ts'

const endpointOf = (port: number) => ({
  url: `hop-http://127.0.0.1:${port}`,
  scheme: 'hop-http',
  hosts: [`127.0.0.1:${port}`],
  path: '',
  parameters: new Map<string, string>(),
})

async function startServer(t: TestContext) {
  const port = await findFreePort()
  const got: Batch[] = []
  const source = await createHopHttpSource(endpointOf(port), (batch) => {
    got.push(batch)
    return Promise.resolve(outcomes.stored())
  })
  defer(t, () => source.close())
  return { port, got, url: `http://127.0.0.1:${port}${APPEND_PATH}` }
}

function encoded(batch: MessageInitShape<typeof BatchSchema>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(toBinary(AppendRequestSchema, create(AppendRequestSchema, { batch })))
}
const run = { origin: 'o', firstSeq: 1n, count: 1, timeDeltasUs: [0], events: Uint8Array.of(1, 65) }
const good = encoded({ runs: [run] })
const post = (url: string, body: Uint8Array<ArrayBuffer>, type = BATCH_TYPE) =>
  fetch(url, { method: 'POST', headers: { 'Content-Type': type }, body })

test('a posted batch is answered with its outcome', async (t) => {
  const { url, got } = await startServer(t)
  const response = await post(url, good)
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, BATCH_TYPE])
  const answer = fromBinary(AppendResponseSchema, new Uint8Array(await response.arrayBuffer()))
  assert.equal(answer.outcome?.verdict, Verdict.STORED)
  assert.equal(got[0]?.runs[0]?.origin, 'o')
})

const large = new Uint8Array(MAX_MESSAGE_BYTES + 1)
const refused: [name: string, status: number, ask: (url: string) => Promise<Response>][] = [
  ['a body that is no batch', 400, (url) => post(url, Uint8Array.of(255, 255))],
  ['a request without a batch', 400, (url) => post(url, new Uint8Array())],
  ['a body above the limit', 413, (url) => post(url, large)],
  ['JSON', 415, (url) => post(url, good, 'application/json')],
  ['another method', 405, (url) => fetch(url, { method: 'PUT', body: good })],
  ['the path of the public intake', 404, (url) => post(new URL('/input', url).href, good)],
]
for (const [name, status, ask] of refused) {
  test(`${name} is answered with ${status}, and the server goes on`, async (t) => {
    const { url, got } = await startServer(t)
    assert.equal((await ask(url)).status, status)
    assert.equal(got.length, 0)
    assert.equal((await post(url, good)).status, 200)
  })
}

test('the public intake takes no batch of a hop, on no path', async (t) => {
  const { address, source } = await openIntake({ persist: () => assert.fail('must not log') })
  defer(t, () => source.close())
  const statuses = ['/append', '/input', '/events', '/'].map(async (path) => {
    const { status } = await post(`http://${address}${path}`, good)
    return [path, status]
  })
  assert.deepEqual(await Promise.all(statuses), [
    ['/append', 404],
    ['/input', 415],
    ['/events', 415],
    ['/', 415],
  ])
})

test('a batch above the limit is rejected before it is sent, and the next one passes', async (t) => {
  const { port, got } = await startServer(t)
  const sink = createHopHttpSink(endpointOf(port), { debug() {}, info() {}, warn() {}, error() {} })
  defer(t, () => sink.close())
  const batchOf = (events: Uint8Array) =>
    fromBinary(AppendRequestSchema, encoded({ runs: [{ ...run, events }] })).batch!
  const { verdict, reason } = await sink.write(batchOf(large))
  assert.equal(verdict, Verdict.REJECTED)
  assert.match(reason, /a batch of \d+ bytes; the most is 2097152/)
  assert.equal((await sink.write(batchOf(run.events))).verdict, Verdict.STORED)
  assert.equal(got.length, 1)
})

test('a client that leaves in the middle of a body does not keep the server from closing', async () => {
  const port = await findFreePort()
  const source = await createHopHttpSource(endpointOf(port), () => assert.fail('must not deliver'))
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`POST ${APPEND_PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc`)
  const closing = source.close()
  socket.destroy()
  await closing
})
