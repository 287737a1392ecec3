import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { Code, createClient, type Transport } from '@connectrpc/connect'
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node'
import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { BatchSchema, HopService, LinkRequestSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../../proto/gen/grpc/health/v1/health_pb.ts'
import { findFreePort } from '../../../local/ports.ts'
import { defer } from '../../../test/defer.ts'
import { until } from '../../../test/until.ts'
import { LINK_CREDITS, outcomes, type Batch, type Deliver } from '../batch.ts'
import { createGrpcSource } from './grpc.ts'

const run = {
  origin: 'o',
  partition: 3,
  firstSeq: 7n,
  count: 2,
  timeDeltasUs: [0, 5],
  events: Uint8Array.of(1, 65, 0),
}
const batch: MessageInitShape<typeof BatchSchema> = { runs: [{ ...run, route: 'api' }] }

/** A server whose batches end with `outcome`, and what it was given. */
async function startServer(t: TestContext, deliver: Deliver = () => Promise.resolve(outcomes.stored())) {
  const port = await findFreePort()
  const got: Batch[] = []
  const state: { reason: string | undefined } = { reason: undefined }
  const hosts = [`127.0.0.1:${port}`]
  const source = await createGrpcSource(
    { url: `grpc://${hosts[0]}`, scheme: 'grpc', hosts, path: '', parameters: new Map() },
    (given) => (got.push(given), deliver(given)),
    () => state.reason,
  )
  defer(t, () => source.close())
  return { port, got, state, source }
}

const protocols: Record<
  string,
  (options: { baseUrl: string; sessionManager: Http2SessionManager }) => Transport
> = {
  gRPC: (options) => createGrpcTransport(options),
  'gRPC-Web': (options) => createGrpcWebTransport({ ...options, httpVersion: '2' }),
  Connect: (options) => createConnectTransport({ ...options, httpVersion: '2' }),
  'Connect with JSON': (options) =>
    createConnectTransport({ ...options, httpVersion: '2', useBinaryFormat: false }),
}

function open(t: TestContext, port: number, protocol = 'gRPC'): Transport {
  const baseUrl = `http://127.0.0.1:${port}`
  const sessionManager = new Http2SessionManager(baseUrl)
  defer(t, () => sessionManager.abort())
  return protocols[protocol]!({ baseUrl, sessionManager })
}

for (const protocol of Object.keys(protocols)) {
  test(`${protocol} answers Append with the outcome of the batch, and Check with SERVING`, async (t) => {
    const ends = [outcomes.stored(), outcomes.gap(2n ** 60n), outcomes.rejected('too large')]
    const { port, got } = await startServer(t, () => Promise.resolve(ends[got.length - 1]!))
    const client = createClient(HopService, open(t, port, protocol))
    for (const { verdict, position, reason } of ends) {
      const { outcome } = await client.append({ batch })
      assert.deepEqual([outcome?.verdict, outcome?.position, outcome?.reason], [verdict, position, reason])
    }
    assert.deepEqual(got[0], create(BatchSchema, batch))
    const health = createClient(Health, open(t, port, protocol))
    assert.equal((await health.check({})).status, Serving.SERVING)
  })
}

test('Append without a batch, or with a mistake in it, is InvalidArgument, and nothing is handed on', async (t) => {
  const { port, got } = await startServer(t)
  const client = createClient(HopService, open(t, port))
  await assert.rejects(client.append({}), { code: Code.InvalidArgument, rawMessage: 'batch: is missing' })
  const nameless = { runs: [{ ...run, origin: '' }] }
  const rawMessage = 'batch: a run without origin'
  await assert.rejects(client.append({ batch: nameless }), { code: Code.InvalidArgument, rawMessage })
  assert.deepEqual(got, [])
})

test('a message above the limit is refused, and the server goes on with other clients', async (t) => {
  const { port, got } = await startServer(t)
  const baseUrl = `http://127.0.0.1:${port}`
  const sessionManager = new Http2SessionManager(baseUrl)
  const client = createClient(HopService, createGrpcTransport({ baseUrl, sessionManager }))
  const large = { runs: [{ ...run, events: new Uint8Array(2_200_000) }] }
  await assert.rejects(client.append({ batch: large }), { code: Code.ResourceExhausted })
  assert.deepEqual(got, [])
  sessionManager.abort()
  await createClient(HopService, open(t, port)).append({ batch })
  assert.equal(got.length, 1)
})

test('Check follows readiness, and Watch tells each change', async (t) => {
  const { port, state } = await startServer(t)
  const health = createClient(Health, open(t, port))
  state.reason = 'kafka is away'
  assert.equal((await health.check({})).status, Serving.NOT_SERVING)
  state.reason = undefined
  assert.equal((await health.check({})).status, Serving.SERVING)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stop = new AbortController()
  const seen: Serving[] = []
  const watching = (async () => {
    for await (const { status } of health.watch({}, { signal: stop.signal })) seen.push(status)
  })()
  await until('the first status', () => seen.length === 1)
  state.reason = 'kafka is away'
  await until('the change', () => (t.mock.timers.tick(1_000), seen.length === 2))
  stop.abort()
  await assert.rejects(watching, { code: Code.Canceled })
  assert.deepEqual(seen, [Serving.SERVING, Serving.NOT_SERVING])
})

test('a link that sends beyond its credits is ended with ResourceExhausted', async (t) => {
  const { port, got } = await startServer(t, () => new Promise(() => undefined))
  const requests = async function* () {
    for (let number = 1; number <= LINK_CREDITS + 1; number++)
      yield create(LinkRequestSchema, { number, batch })
    await new Promise(() => undefined)
  }
  const stream = createClient(HopService, open(t, port)).link(requests())
  await assert.rejects(
    (async () => {
      for await (const { credits } of stream) assert.equal(credits, LINK_CREDITS)
    })(),
    { code: Code.ResourceExhausted, rawMessage: `more than ${LINK_CREDITS} batches in flight` },
  )
  assert.equal(got.length, LINK_CREDITS)
})

test('a link whose client has sent everything ends after the last answer', async (t) => {
  const finish: (() => void)[] = []
  const { port } = await startServer(
    t,
    () => new Promise((resolve) => finish.push(() => resolve(outcomes.stored()))),
  )
  const requests = async function* () {
    for (const number of [1, 2]) yield create(LinkRequestSchema, { number, batch })
  }
  const answers: number[] = []
  const reading = (async () => {
    for await (const { number } of createClient(HopService, open(t, port)).link(requests()))
      answers.push(number)
  })()
  await until('both are out', () => finish.length === 2)
  finish[1]!()
  finish[0]!()
  await reading
  assert.deepEqual(answers, [0, 2, 1])
})

type Unary = (request: unknown, done: (cause: grpc.ServiceError | null, response: never) => void) => void
type Stock = grpc.Client & {
  append: Unary
  check: Unary
  link: () => grpc.ClientDuplexStream<
    unknown,
    { credits: number; number: number; outcome?: { verdict: string } }
  >
}

test('a stock grpc-js client, built from the .proto files alone, appends, links and checks', async (t) => {
  const { port, got } = await startServer(t)
  const files = ['freshet/v1/hop.proto', 'grpc/health/v1/health.proto']
  const includeDirs = [new URL('../../../proto', import.meta.url).pathname]
  const loaded = grpc.loadPackageDefinition(
    loadSync(files, { includeDirs, longs: String, enums: String, defaults: true }),
  )
  const clientOf = (path: string[]) => {
    const Client = path.reduce<grpc.GrpcObject>(
      (at, name) => at[name] as grpc.GrpcObject,
      loaded,
    ) as unknown as grpc.ServiceClientConstructor
    const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure())
    defer(t, () => client.close())
    return client as unknown as Stock
  }
  const call = (client: Stock, method: 'append' | 'check', request: unknown) =>
    new Promise<unknown>((resolve, reject) => {
      client[method](request, (cause, response) => (cause ? reject(cause) : resolve(response)))
    })
  const hop = clientOf(['freshet', 'v1', 'HopService'])
  const plain = { runs: [{ ...run, firstSeq: '7', route: 'api' }] }
  assert.deepEqual(await call(hop, 'append', { batch: plain }), {
    outcome: { verdict: 'VERDICT_STORED', position: '0', reason: '', fences: [] },
  })
  assert.deepEqual(got[0], create(BatchSchema, batch))
  await assert.rejects(call(hop, 'append', {}), { code: grpc.status.INVALID_ARGUMENT })

  const stream = hop.link()
  const answers: [number, string | undefined][] = []
  stream.on('data', ({ credits, number, outcome }) => {
    answers.push([number, outcome?.verdict])
    if (credits > 0) for (const next of [1, 2]) stream.write({ number: next, batch: plain })
  })
  await until('both are answered', () => answers.length === 3)
  assert.deepEqual(answers, [
    [0, undefined],
    [1, 'VERDICT_STORED'],
    [2, 'VERDICT_STORED'],
  ])
  stream.end()

  const health = clientOf(['grpc', 'health', 'v1', 'Health'])
  assert.deepEqual(await call(health, 'check', { service: '' }), { status: 'SERVING' })
})

test('a server that leaves without peers is gone at once', async (t) => {
  const { source } = await startServer(t)
  const began = performance.now()
  await source.close()
  assert.ok(performance.now() - began < 1_000)
})
