// The relay between clusters: Kafka → gRPC with a lane a partition, over a way with a round trip of 100 ms.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { findFreePort } from '../local/ports.ts'
import { startProcess } from '../local/processes.ts'
import { projectRoot } from '../local/session.ts'
import { readRows } from '../loadtest/data-file.ts'
import { nodeFlags } from '../pipelines/pipeline.ts'
import { pipeline as weather } from '../pipelines/weather.ts'
import { BatchSchema } from '../proto/gen/freshet/v1/hop_pb.ts'
import { loadEventType } from '../services/lib/event-type.ts'
import { createKafka } from '../services/lib/kafka.ts'
import { joinEvents } from '../services/lib/wire.ts'
import { outcomes, Verdict } from '../services/hop/batch.ts'
import { createKafkaSink } from '../services/hop/sinks/kafka.ts'
import { createGrpcSource } from '../services/hop/sources/grpc.ts'
import { defer } from './defer.ts'
import { startProxy } from './proxy.ts'
import { servers } from './servers.ts'
import { until } from './until.ts'

const PARTITIONS = 4
const EVENTS = 80_000
const BATCH = 1_000
const ROUND_TRIP_MS = 100
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const eventType = loadEventType(weather.event)

const endpointOf = (url: string, path = '') => {
  const [scheme, host] = url.split('://') as [string, string]
  return { url, scheme, hosts: host.split(','), path, parameters: new Map<string, string>() }
}

/** A topic of its own with all events in it. */
async function fillTopic(t: TestContext): Promise<string> {
  const topic = `relay-${randomBytes(4).toString('hex')}`
  const kafka = endpointOf(`kafka://${servers.kafkaBrokers}`, topic)
  const admin = createKafka(kafka, 'relay-test', quiet).admin()
  await admin.connect()
  defer(t, () => admin.disconnect())
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      { topic, numPartitions: PARTITIONS },
      { topic: `${topic}.dlq`, numPartitions: 1 },
    ],
  })
  const sink = await createKafkaSink(kafka, eventType, PARTITIONS, quiet)
  defer(t, () => sink.close())
  // Of today, because Kafka deletes what is older than its retention.
  const beganUs = BigInt(Date.now()) * 1_000n
  const rows = await readRows(join(projectRoot, weather.rows))
  const events = rows.slice(0, BATCH).map((row) => eventType.encode(row).bytes)
  assert.equal(events.length, BATCH)
  for (let seq = 1; seq <= EVENTS / PARTITIONS; seq += BATCH) {
    const runs = Array.from({ length: PARTITIONS }, (_, partition) => ({
      origin: 'o',
      partition,
      firstSeq: BigInt(seq),
      count: BATCH,
      firstTimeUs: beganUs,
      timeDeltasUs: events.map((_event, index) => index),
      events: joinEvents(events),
      route: 'test',
    }))
    const { verdict, reason } = await sink.write(create(BatchSchema, { runs }))
    assert.equal(verdict, Verdict.STORED, reason)
  }
  return topic
}

/** Relays the topic to a receiver here; events per second from the first batch to the last. */
async function relay(t: TestContext, topic: string, lanes: number, roundTripMs: number): Promise<number> {
  const port = await findFreePort()
  const last = new Map<number, number>()
  let received = 0
  let first = 0
  const receiver = await createGrpcSource(
    endpointOf(`grpc://127.0.0.1:${port}`),
    ({ runs }) => {
      first ||= performance.now()
      for (const { partition, firstSeq, count } of runs) {
        assert.equal(Number(firstSeq), (last.get(partition) ?? 0) + 1)
        last.set(partition, Number(firstSeq) + count - 1)
        received += count
      }
      return Promise.resolve(outcomes.stored())
    },
    () => undefined,
  )
  defer(t, () => receiver.close())
  const way = await startProxy(port)
  defer(t, () => way.close())
  way.delay(roundTripMs)
  const admin = `127.0.0.1:${await findFreePort()}`
  const hop = [
    '--event',
    weather.event,
    '--pipeline',
    topic,
    '--partitions',
    String(PARTITIONS),
    '--name',
    'relay',
    '--from',
    `kafka://${servers.kafkaBrokers}/${topic}?group=${topic}-${roundTripMs}`,
    '--to',
    `grpc://127.0.0.1:${roundTripMs > 0 ? way.port : port}`,
    '--lanes',
    String(lanes),
    '--admin',
    `http://${admin}`,
  ]
  const running = await startProcess({
    name: 'relay',
    command: process.execPath,
    args: [...nodeFlags, join(projectRoot, 'services/hop/main.ts'), ...hop],
    log: () => undefined,
    ready: `http://${admin}/healthz`,
    deadlineMs: 20_000,
  })
  defer(t, () => running.stop())
  await until('all have arrived', () => received === EVENTS, 40_000)
  const rate = EVENTS / ((performance.now() - first) / 1_000)
  await running.stop()
  return rate
}

test('a relay with a lane a partition keeps its rate over a round trip of 100 ms', async (t) => {
  const topic = await fillTopic(t)
  const near = await relay(t, topic, PARTITIONS, 0)
  const far = await relay(t, topic, PARTITIONS, ROUND_TRIP_MS)
  t.diagnostic(`${Math.round(near)} events/s without delay, ${Math.round(far)} with ${ROUND_TRIP_MS} ms`)
  // What one partition at a time with one batch out could carry at most is 20,000.
  assert.ok(far > 25_000, `${Math.round(near)} events/s without delay, ${Math.round(far)} with it`)
})
