// The links between hops, each against the server that it meets in a pipeline: gRPC by both clients, WebSocket,
// and the two that have one call a batch.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { BatchSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { findFreePort } from '../../../local/ports.ts'
import { defer } from '../../../test/defer.ts'
import { until } from '../../../test/until.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import type { Log } from '../../lib/log.ts'
import { LINK_CREDITS, outcomes, Verdict, type Batch, type Deliver, type Outcome } from '../batch.ts'
import { createConnectSource } from '../sources/connect.ts'
import { createGrpcSource } from '../sources/grpc.ts'
import { createHopHttpSource } from '../sources/hop-http.ts'
import { createWsSource } from '../sources/ws.ts'
import { createConnectSink } from './connect.ts'
import { createGrpcSink } from './grpc.ts'
import { createHopHttpSink } from './hop-http.ts'
import { createWsSink } from './ws.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {} }

function endpointOf(scheme: string, port: number, client?: string): Endpoint {
  const hosts = [`127.0.0.1:${port}`]
  const parameters = new Map(client === undefined ? [] : [['client', client]])
  return { url: `${scheme}://${hosts[0]}`, scheme, hosts, path: '', parameters }
}

const transports = {
  'gRPC by connect-node': {
    serve: (port: number, deliver: Deliver) =>
      createGrpcSource(endpointOf('grpc', port), deliver, () => undefined),
    open: (port: number) => createGrpcSink(endpointOf('grpc', port, 'connect'), log),
  },
  'gRPC by grpc-js': {
    serve: (port: number, deliver: Deliver) =>
      createGrpcSource(endpointOf('grpc', port), deliver, () => undefined),
    open: (port: number) => createGrpcSink(endpointOf('grpc', port, 'grpc-js'), log),
  },
  WebSocket: {
    serve: (port: number, deliver: Deliver) => createWsSource(endpointOf('ws', port), deliver),
    open: (port: number) => createWsSink(endpointOf('ws', port), log),
  },
  'HTTP between hops': {
    serve: (port: number, deliver: Deliver) => createHopHttpSource(endpointOf('hop-http', port), deliver),
    open: (port: number) => createHopHttpSink(endpointOf('hop-http', port), log),
  },
  'Connect over HTTP/1.1': {
    serve: (port: number, deliver: Deliver) =>
      createConnectSource(endpointOf('connect', port), deliver, () => undefined),
    open: (port: number) => createConnectSink(endpointOf('connect', port), log),
  },
}
type Transport = (typeof transports)[keyof typeof transports]

/** A batch of one run; `seq` tells it apart, `bytes` is the size of its one event. Every other one is traced. */
function batchOf(seq: number, bytes = 20): Batch {
  const run = { origin: 'o', partition: 3, firstSeq: BigInt(seq), count: 1, timeDeltasUs: [0], route: 'api' }
  const traces = seq % 2 === 0 ? [{ index: 0, traceparent: traceparentOf(seq) }] : []
  return create(BatchSchema, { runs: [{ ...run, events: new Uint8Array(bytes).fill(seq), traces }] })
}
const traceparentOf = (seq: number) => `00-${'a'.repeat(32)}-${String(seq).padStart(16, '0')}-01`
const seqOf = (batch: Batch) => Number(batch.runs[0]!.firstSeq)

/** A wire between client and server that can be cut. */
async function startProxy(t: TestContext, target: number) {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => (sockets.delete(socket), near.destroy(), far.destroy()))
    }
    near.pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  defer(t, () => (cut(), server.close()))
  return { port: (server.address() as AddressInfo).port, cut }
}

/** A server whose batches wait for `finish`, a wire that can be cut, and a client that is ready. */
async function startLink(t: TestContext, { serve, open }: Transport) {
  const port = await findFreePort()
  const out: { batch: Batch; finish: (outcome: Outcome) => void }[] = []
  const deliver: Deliver = (batch) => new Promise((finish) => out.push({ batch, finish }))
  defer(t, () => out.forEach(({ finish }) => finish(outcomes.failed('the test is over'))))
  const start = async () => {
    const source = await serve(port, deliver)
    let closed: Promise<void> | undefined
    const close = () => (closed ??= source.close())
    defer(t, close)
    return close
  }
  const close = await start()
  const proxy = await startProxy(t, port)
  const sink = await open(proxy.port)
  defer(t, () => sink.close())
  const ready = () => until('the link is ready', () => sink.notReady() === undefined)
  await ready()
  return { sink, out, ready, cut: proxy.cut, close, restart: start }
}

for (const [name, transport] of Object.entries(transports)) {
  test(`${name}: batches go up whole, and each comes back with its own outcome, in any order`, async (t) => {
    const { sink, out } = await startLink(t, transport)
    const batches = Array.from({ length: 40 }, (_, n) => batchOf(n + 1, 1 + n * 50))
    const written = batches.map((batch) => sink.write(batch))
    await until('all have arrived', () => out.length === batches.length)
    assert.deepEqual(
      out.map(({ batch }) => toBinary(BatchSchema, batch)),
      batches.map((batch) => toBinary(BatchSchema, batch)),
    )
    assert.equal(out[1]!.batch.runs[0]!.traces[0]!.traceparent, traceparentOf(2))
    const ends = [
      outcomes.stored(),
      outcomes.gap(7n),
      outcomes.behind(2n ** 60n),
      outcomes.failed('away'),
      outcomes.rejected('no'),
    ]
    for (const { batch, finish } of out.toReversed()) finish(ends[seqOf(batch) % ends.length]!)
    for (const [index, outcome] of (await Promise.all(written)).entries()) {
      const { verdict, position, reason } = ends[(index + 1) % ends.length]!
      assert.deepEqual([outcome.verdict, outcome.position, outcome.reason], [verdict, position, reason])
    }
  })

  test(`${name}: no more batches are in flight than the server has granted, and the rest follows`, async (t) => {
    const { sink, out } = await startLink(t, transport)
    const written = Array.from({ length: LINK_CREDITS + 30 }, (_, n) => sink.write(batchOf(n + 1)))
    await until('the credits are used up', () => out.length === LINK_CREDITS)
    let answered = 0
    for (; answered < written.length; answered++) {
      await until(`batch ${answered + 1} is there`, () => out.length > answered)
      assert.ok(out.length - answered <= LINK_CREDITS)
      out[answered]!.finish(outcomes.stored())
    }
    await Promise.all(written)
    assert.deepEqual(
      out.map(({ batch }) => seqOf(batch)).toSorted((a, b) => a - b),
      Array.from(written, (_, n) => n + 1),
    )
  })

  test(`${name}: batches of a megabyte pass, several at once`, async (t) => {
    const { sink, out } = await startLink(t, transport)
    const written = Array.from({ length: 3 }, (_, n) => sink.write(batchOf(n + 1, 1_048_576)))
    await until('all have arrived', () => out.length === 3)
    for (const { batch, finish } of out) {
      assert.equal(batch.runs[0]!.events.length, 1_048_576)
      finish(outcomes.stored())
    }
    await Promise.all(written)
  })

  test(`${name}: when the wire is cut, what is in flight fails, and the link comes back by itself`, async (t) => {
    const { sink, out, cut, ready } = await startLink(t, transport)
    const lost = [sink.write(batchOf(1)), sink.write(batchOf(2))]
    const failed = Promise.allSettled(lost)
    await until('both are out', () => out.length === 2)
    cut()
    assert.deepEqual(
      (await failed).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.notEqual(sink.notReady(), undefined)
    await ready()
    const again = sink.write(batchOf(3))
    await until('it is out', () => out.length === 3)
    // An outcome that comes after the cut belongs to no one.
    out[0]!.finish(outcomes.failed('late'))
    out[2]!.finish(outcomes.stored())
    assert.equal((await again).verdict, Verdict.STORED)
  })

  test(`${name}: a server that leaves answers what is in flight, is gone soon after, and is found again`, async (t) => {
    const { sink, out, ready, close, restart } = await startLink(t, transport)
    const last = sink.write(batchOf(1))
    await until('it is out', () => out.length === 1)
    let closed = false
    const closing = close().then(() => (closed = true))
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    assert.equal(closed, false)
    out[0]!.finish(outcomes.stored())
    assert.equal((await last).verdict, Verdict.STORED)
    await until('the server is closed', () => closed, 3_000)
    await closing
    await until('the client has noticed', () => sink.notReady() !== undefined)
    await restart()
    await ready()
    const next = sink.write(batchOf(2))
    await until('the next is out', () => out.length === 2)
    out[1]!.finish(outcomes.stored())
    assert.equal((await next).verdict, Verdict.STORED)
  })

  test(`${name}: a batch with a mistake is rejected, and the link stays`, async (t) => {
    const { sink } = await startLink(t, transport)
    const empty = await sink.write(create(BatchSchema))
    assert.equal(empty.verdict, Verdict.REJECTED)
    assert.match(empty.reason, /an empty batch$/)
    assert.equal(sink.notReady(), undefined)
  })
}
