// Spans as a collector gets them, from hops in this process.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { BatchSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { findFreePort } from '../../local/ports.ts'
import { startCollector } from '../../test/collector.ts'
import { defer } from '../../test/defer.ts'
import { until } from '../../test/until.ts'
import type { Endpoint } from '../lib/endpoint.ts'
import type { Log } from '../lib/log.ts'
import { joinEvents } from '../lib/wire.ts'
import { outcomes, recordsOf, Verdict, type Batch, type Outcome, type Sink } from './batch.ts'
import { createFastPath, writeOwned } from './deliver.ts'
import { createHopMetrics } from './metrics.ts'
import { startTracing } from './tracing.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'

// The exporter tries a collector that is away for 10 s otherwise, and its timers would hold up the end of this file.
process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '1000'

const lines: string[] = []
const log: Log = { debug() {}, info() {}, warn: (message) => lines.push(message), error() {} }
const hop = { name: 'archiver', pipeline: 'weather' }
const metrics = createHopMetrics('weather', 'archiver')
const options = { url: '', ratio: 0, flushMs: 5_000, queueSpans: 2_048 }

function endpointOf(scheme: string, path = '', parameters: [string, string][] = []): Endpoint {
  return { url: `${scheme}://h:1`, scheme, hosts: ['h:1'], path, parameters: new Map(parameters) }
}

/** A hop's tracing, and what its collector has when it is closed. */
async function start(t: TestContext, { ratio = 0, answer = 'ok' as 'ok' | 'refuse' | 'never' } = {}) {
  const collector = await startCollector(t, answer)
  const tracing = startTracing({ ...options, url: `${collector.url}/v1/traces`, ratio }, hop, log)
  let closed: Promise<void> | undefined
  const close = () => (closed ??= tracing.close())
  defer(t, close)
  const spans = async () => {
    await close()
    return collector.spans
  }
  return { tracing, spans, close, posts: collector.posts }
}

const traceId = 'a'.repeat(32)
const parentOf = (index: number) => String(index + 1).padStart(16, '0')

/** A run of `count` events of which some are traced, each by a parent of its own. */
function batchOf(count: number, traced: number[]): Batch {
  const run = {
    origin: 'o',
    partition: 2,
    firstSeq: 11n,
    count,
    timeDeltasUs: Array.from({ length: count }, () => 0),
    offsetDeltas: Array.from({ length: count }, (_, n) => 2 * n),
    events: joinEvents(Array.from({ length: count }, (_, n) => Uint8Array.of(n))),
    traces: traced.map((index) => ({
      index,
      traceparent: formatTraceparent({ traceId, spanId: parentOf(index) }),
    })),
  }
  const other = { ...run, origin: 'p', offsetDeltas: run.offsetDeltas.map((delta) => delta + 1), traces: [] }
  const log = { topic: 'messages', partition: 2, firstOffset: 100n, nextOffset: 200n }
  return create(BatchSchema, { runs: [other, run], log })
}

function sinkOf(write: Sink['write']): Sink {
  return { url: 'redis://h:1', write, notReady: () => undefined, close: () => Promise.resolve() }
}

test('each traced event of a batch has a span below its own parent, and no other event has one', async (t) => {
  const { tracing, spans } = await start(t)
  const seen: Batch[] = []
  const kafka = endpointOf('kafka', 'messages', [['group', 'archiver']])
  const deliver = tracing.deliver((batch) => {
    seen.push(batch)
    return Promise.resolve(outcomes.stored())
  }, kafka)
  const batch = batchOf(5, [1, 4])
  assert.equal((await deliver(batch)).verdict, Verdict.STORED)

  const got = await spans()
  assert.deepEqual(
    got.map((span) => [span.hop, span.name, span.kind, span.traceId, span.parentId, span.status]),
    [1, 4].map((index) => ['archiver', 'process messages', 5, traceId, parentOf(index), 0]),
  )
  assert.deepEqual(got[0]!.attributes, {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'messages',
    'messaging.consumer.group.name': 'archiver',
    'messaging.destination.partition.id': '2',
    'messaging.kafka.offset': 102,
    'freshet.event.id': 'o-2-12',
    'freshet.batch.records': 10,
  })
  // What is handed on are the contexts of these spans; the batch that came keeps its own, for whoever tries again.
  assert.deepEqual(
    seen[0]!.runs[1]!.traces.map(({ index, traceparent }) => [index, parseTraceparent(traceparent)?.spanId]),
    got.map(({ spanId }, nth) => [[1, 4][nth], spanId]),
  )
  assert.deepEqual(batch, batchOf(5, [1, 4]))
})

test('a batch without traced events goes through as it is, and leaves no span', async (t) => {
  const { tracing, spans } = await start(t)
  const seen: Batch[] = []
  const sink = tracing.sink(
    sinkOf((batch) => (seen.push(batch), Promise.resolve(outcomes.stored()))),
    endpointOf('redis'),
  )
  const batches = [batchOf(3, []), create(BatchSchema, { log: { topic: 'messages' } })]
  for (const batch of batches) await sink.write(batch)
  assert.ok(batches.every((batch, nth) => seen[nth] === batch))
  assert.deepEqual(await spans(), [])
})

test('every attempt is a span of its own, those that failed with the reason', async (t) => {
  const { tracing, spans } = await start(t)
  const answers: (() => Promise<Outcome>)[] = [
    () => Promise.resolve(outcomes.failed('busy')),
    () => Promise.reject(new Error('connection reset')),
    () => Promise.resolve(outcomes.stored()),
  ]
  const sink = tracing.sink(
    sinkOf(() => answers.shift()!()),
    endpointOf('redis'),
  )
  const waiting = { stopped: new AbortController().signal }
  await writeOwned(sink, batchOf(2, [0]), waiting, () => assert.fail(), log, metrics)
  const got = await spans()
  assert.deepEqual(
    got.map(({ name, kind, parentId, status, message }) => [name, kind, parentId, status, message]),
    [
      ['EVALSHA', 3, parentOf(0), 2, 'busy'],
      ['EVALSHA', 3, parentOf(0), 2, 'connection reset'],
      ['EVALSHA', 3, parentOf(0), 0, ''],
    ],
  )
  assert.equal(new Set(got.map(({ spanId }) => spanId)).size, 3)
})

test('when a batch is halved to find what will never pass, each part keeps its own traces', async (t) => {
  const { tracing, spans } = await start(t)
  const bad = 13n
  const has = ({ runs }: Batch) =>
    runs.some((run) => run.origin === 'o' && run.firstSeq <= bad && run.firstSeq + BigInt(run.count) > bad)
  const sink = tracing.sink(
    sinkOf((batch) => Promise.resolve(has(batch) ? outcomes.rejected('too large') : outcomes.stored())),
    endpointOf('mongodb', 'weather'),
  )
  const rejected: Batch[] = []
  const waiting = { stopped: new AbortController().signal }
  const reject = (batch: Batch) => Promise.resolve(void rejected.push(batch))
  await writeOwned(sink, batchOf(4, [0, 2]), waiting, reject, log, metrics)
  assert.equal(recordsOf(rejected[0]!), 1)
  assert.equal(parseTraceparent(rejected[0]!.runs[0]!.traces[0]!.traceparent)?.spanId, parentOf(2))
  const got = await spans()
  const ends = (index: number) =>
    got
      .filter(({ parentId }) => parentId === parentOf(index))
      .map(({ attributes }) => attributes['error.type'])
  assert.equal(ends(0).at(-1), undefined)
  assert.ok(ends(2).length > 1 && ends(2).every((type) => type === 'rejected'))
  for (const { attributes } of got)
    assert.match(
      String(attributes['freshet.event.id']),
      /^o-2-1[13]$/,
      'the event kept its id through the cuts',
    )
})

test('batches that a fast path joins keep the traces of each', async (t) => {
  const { tracing, spans } = await start(t)
  const sizes: number[] = []
  const sink = tracing.sink(
    sinkOf((batch) => (sizes.push(recordsOf(batch)), Promise.resolve(outcomes.stored()))),
    endpointOf('ws'),
  )
  const path = createFastPath(sink, 1, log, metrics)
  for (const traced of [[0], [1], []]) path.offer(0, batchOf(2, traced))
  await path.idle()
  assert.deepEqual(sizes, [4, 8])
  assert.deepEqual(
    (await spans()).map(({ name, parentId }) => [name, parentId]),
    [0, 1].map((index) => ['WS /link', parentOf(index)]),
  )
})

test('a request whose client samples is below the client’s span, one that does not is not traced', async (t) => {
  const { tracing, spans } = await start(t, { ratio: 1 })
  const sampled = formatTraceparent({ traceId, spanId: parentOf(7) })
  assert.equal(tracing.startRequest('POST', '/input', sampled.replace(/1$/, '0')), undefined)
  const request = tracing.startRequest('POST', '/input', sampled)!
  request.end(202)
  request.end(503)
  tracing.startRequest('POST', '/input', '')!.end(undefined)
  tracing.startRequest('WS', '/events', undefined)!.end(503)
  const [first, ...others] = await spans()
  assert.equal(first!.spanId, parseTraceparent(request.traceparent)?.spanId)
  assert.deepEqual([first!.name, first!.kind, first!.traceId], ['POST /input', 2, traceId])
  assert.deepEqual([first!.parentId, first!.status], [parentOf(7), 0])
  assert.equal(first!.attributes['http.response.status_code'], 202)
  assert.deepEqual(
    others.map(({ name, parentId, status }) => [name, parentId, status]),
    [
      ['POST /input', '', 2],
      ['WS /events', '', 2],
    ],
  )
  assert.notEqual(others[0]!.traceId, others[1]!.traceId)
})

test('of the requests whose client says nothing the ratio is traced', async (t) => {
  const { tracing } = await start(t, { ratio: 0.2 })
  const none = await start(t)
  let traced = 0
  for (let n = 0; n < 5_000; n++) {
    if (tracing.startRequest('POST', '/input', undefined)) traced++
    assert.equal(none.tracing.startRequest('POST', '/input', undefined), undefined)
  }
  // Six standard deviations of a thousand: the chance of a false alarm is one in 500 million.
  assert.ok(Math.abs(traced - 1_000) < 170, `${traced} of 5,000`)
})

for (const answer of ['refuse', 'never'] as const)
  test(`a collector that answers ${answer === 'never' ? 'never' : 'with errors'} holds up and fails nothing, also at the end`, async (t) => {
    const { tracing, close, posts } = await start(t, { answer })
    const deliver = tracing.deliver(() => Promise.resolve(outcomes.stored()), endpointOf('grpc'))
    const all = Array.from({ length: 1_000 }, (_, n) => n)
    // Twenty times what the queue holds.
    for (let n = 0; n < 40; n++) assert.equal((await deliver(batchOf(1_000, all))).verdict, Verdict.STORED)
    await until('it was tried', () => posts() > 0, 10_000)
    const began = performance.now()
    await close()
    assert.ok(performance.now() - began < 3_000)
  })

test('a collector that is away is one line in the log, and one at the end', async () => {
  const port = await findFreePort()
  lines.length = 0
  const tracing = startTracing(
    { ...options, url: `http://127.0.0.1:${port}/v1/traces`, flushMs: 1 },
    hop,
    log,
  )
  const sink = tracing.sink(
    sinkOf(() => Promise.resolve(outcomes.stored())),
    endpointOf('kafka', 'messages'),
  )
  await sink.write(batchOf(2, [0, 1]))
  await until('it was tried', () => lines.length > 0, 10_000)
  assert.equal((await sink.write(batchOf(2, [0, 1]))).verdict, Verdict.STORED)
  await tracing.close()
  assert.deepEqual(lines, ['the collector takes no spans; they are lost', 'the last spans are lost'])
})
