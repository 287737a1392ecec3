// One event's trace, hop by hop, as a collector gets it from the real programs.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { projectRoot } from '../local/session.ts'
import { readRows } from '../loadtest/data-file.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { pipeline as covid } from '../pipelines/covid.ts'
import { pipeline as votes } from '../pipelines/votes.ts'
import { pipeline as weather } from '../pipelines/weather.ts'
import { startCollector, type SeenSpan } from './collector.ts'
import { startOwn, stores } from './started.ts'
import { until } from './until.ts'

/** The repair hop reads twice a second, and spans leave each hop five times a second. */
const DEADLINE_MS = 20_000
const FLUSH_MS = '200'

async function startTraced<P extends Pipeline>(t: TestContext, like: P) {
  const collector = await startCollector(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: FLUSH_MS }
  const started = await startOwn(t, like, stores, undefined, env)
  const [row] = await readRows(join(projectRoot, like.rows))
  return { ...started, collector, row }
}

/** Posts one event as a part of a trace that its client began. */
async function postTraced(url: string, event: unknown) {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
  return { traceId, spanId, id: await post(url, event, `00-${traceId}-${spanId}-01`) }
}

async function post(url: string, event: unknown, traceparent?: string): Promise<string> {
  const headers = { 'Content-Type': 'application/json', ...(traceparent !== undefined && { traceparent }) }
  const answer = await fetch(`${url}/input`, { method: 'POST', headers, body: JSON.stringify(event) })
  assert.equal(answer.status, 202)
  return ((await answer.json()) as { id: string }).id
}

/** Each span as `hop: name`, behind those that it is a part of. */
function waysOf(spans: SeenSpan[], traceId: string): string[] {
  const own = spans.filter((span) => span.traceId === traceId)
  const way = (span: SeenSpan): string => {
    const parent = own.find(({ spanId }) => spanId === span.parentId)
    return `${parent ? `${way(parent)} > ` : ''}${span.hop}: ${span.name}`
  }
  return own.map(way).toSorted()
}

async function assertWays(spans: SeenSpan[], traceId: string, expected: string[]) {
  const wanted = expected.toSorted()
  await until('every span is there', () => waysOf(spans, traceId).length >= wanted.length, DEADLINE_MS).catch(
    () => undefined,
  )
  assert.deepEqual(waysOf(spans, traceId), wanted)
}

const LINK = 'freshet.v1.HopService/Link'

test('the trace of one tweet shows every hop from HTTP to MongoDB and Redis, with the client as its root', async (t) => {
  const { pipeline, running, collector, row } = await startTraced(t, weather)
  const api = running.intakes['api']!
  // A fast path is best effort: what comes before it is linked, it drops.
  const linked = async () => {
    const { traceId } = await postTraced(api, row)
    const ways = () => waysOf(collector.spans, traceId)
    await until('the fast path is tried', () => ways().some((way) => way.endsWith('api: WS /link')))
    return collector.spans.some(({ hop }) => hop === 'live-writer')
  }
  await until('the fast path is linked', linked, DEADLINE_MS)
  const { traceId, spanId, id } = await postTraced(api, row)
  const root = 'api: POST /input'
  const published = `${root} > api: ${LINK} > publisher: ${LINK} > publisher: send ${pipeline.topic.name}`
  const live = `${root} > api: WS /link`
  const [archived, repaired] = ['archiver', 'repair'].map(
    (hop) => `${published} > ${hop}: process ${pipeline.topic.name}`,
  )
  await assertWays(collector.spans, traceId, [
    root,
    `${root} > api: ${LINK}`,
    `${root} > api: ${LINK} > publisher: ${LINK}`,
    published,
    archived!,
    `${archived} > archiver: insertMany events`,
    repaired!,
    `${repaired} > repair: EVALSHA`,
    live,
    `${live} > live-writer: WS /link`,
    `${live} > live-writer: WS /link > live-writer: EVALSHA`,
  ])
  const own = collector.spans.filter((span) => span.traceId === traceId)
  const find = (hop: string, name: string) => own.find((span) => span.hop === hop && span.name === name)!
  const request = find('api', 'POST /input')
  assert.deepEqual([request.parentId, request.kind], [spanId, 2])
  assert.equal(request.attributes['http.response.status_code'], 202)
  for (const span of own) {
    assert.equal(span.status, 0, `${span.hop}: ${span.name}`)
    if (span !== request) assert.equal(span.attributes['freshet.event.id'], id)
  }
  const insert = find('archiver', 'insertMany events')
  assert.equal(insert.kind, 3)
  assert.equal(insert.attributes['db.system.name'], 'mongodb')
  assert.equal(insert.attributes['db.namespace'], pipeline.database)
  assert.equal(find('repair', 'EVALSHA').attributes['db.system.name'], 'redis')
  const processed = find('archiver', `process ${pipeline.topic.name}`)
  assert.equal(processed.kind, 5)
  assert.equal(processed.attributes['messaging.system'], 'kafka')
  // Of one intake, the nth of a partition lies at n - 1.
  assert.equal(Number(processed.attributes['messaging.kafka.offset']), Number(id.split('-').at(-1)) - 1)
  assert.equal(find('publisher', `send ${pipeline.topic.name}`).kind, 4)

  const spans = collector.spans.length
  await post(api, row, `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`)
  await post(api, row)
  const last = await postTraced(api, row)
  await until('the last is there', () => waysOf(collector.spans, last.traceId).length >= 11, DEADLINE_MS)
  const others = collector.spans.slice(spans).filter((span) => span.traceId !== last.traceId)
  assert.deepEqual(others, [], 'a request was traced whose client says no, or nothing where the ratio is 0')
})

test('where MongoDB is the log, a trace goes over it to Redis, by gRPC and by a channel', async (t) => {
  const { pipeline, running, collector, row } = await startTraced(t, covid)
  const channel = Object.values(pipeline.hops).flatMap(({ from }) =>
    'redis-pubsub' in from ? [from['redis-pubsub']] : [],
  )[0]!
  const ways = {
    'api-grpc': { sent: LINK, got: LINK, hop: 'writer' },
    'api-pubsub': { sent: `send ${channel}`, got: `process ${channel}`, hop: 'subscriber' },
  }
  for (const [intake, { sent, got, hop }] of Object.entries(ways)) {
    const { traceId } = await postTraced(running.intakes[intake]!, row)
    const root = `${intake}: POST /input`
    const inside = `${root} > ${intake}: ${sent} > ${hop}: ${got}`
    const stored = `${inside} > ${hop}: insertMany events`
    await assertWays(collector.spans, traceId, [
      root,
      `${root} > ${intake}: ${sent}`,
      inside,
      stored,
      `${inside} > ${hop}: EVALSHA`,
      `${stored} > repair: find events`,
      `${stored} > repair: find events > repair: EVALSHA`,
    ])
  }
})

test('both routes of votes are one trace each, also the one whose events are encoded in WebAssembly', async (t) => {
  const { pipeline, running, collector, row } = await startTraced(t, votes)
  const topic = pipeline.topic.name
  const routes = {
    client: { between: LINK, server: 'server' },
    'wasm-client': { between: 'POST /append', server: 'wasm-server' },
  }
  for (const [intake, { between, server }] of Object.entries(routes)) {
    const { traceId } = await postTraced(running.intakes[intake]!, row)
    const root = `${intake}: POST /input`
    const sent = `${root} > ${intake}: ${between} > ${server}: ${between} > ${server}: send ${topic}`
    await assertWays(collector.spans, traceId, [
      root,
      `${root} > ${intake}: ${between}`,
      `${root} > ${intake}: ${between} > ${server}: ${between}`,
      sent,
      `${sent} > archiver: process ${topic}`,
      `${sent} > archiver: process ${topic} > archiver: insertMany events`,
      `${sent} > counter: process ${topic}`,
      `${sent} > counter: process ${topic} > counter: EVALSHA`,
    ])
  }
})
