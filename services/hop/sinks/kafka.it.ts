// What the Kafka sink appends to a real broker, read back by kafkajs's own consumer.
import { create, toBinary } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { kafkaEndpoint, openTopics, quiet } from '../../../loadtest/bench/topics.ts'
import { BatchSchema, RunSchema, type Run } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { WeatherTweetSchema } from '../../../proto/gen/scenarios/weather_pb.ts'
import { defer } from '../../../test/defer.ts'
import { servers } from '../../../test/servers.ts'
import { until } from '../../../test/until.ts'
import { loadEventType } from '../../lib/event-type.ts'
import { parseIdentity } from '../../lib/kafka.ts'
import { joinEvents } from '../../lib/wire.ts'
import { Verdict } from '../batch.ts'
import { createKafkaSink } from './kafka.ts'

const PARTITIONS = 3
const eventType = loadEventType('scenarios.WeatherTweet')

async function createScene(t: TestContext, { partitions = PARTITIONS } = {}) {
  const topic = `it-${randomUUID()}`
  const topics = await openTopics((release) => defer(t, release), servers.kafkaBrokers)
  await topics.create(topic, PARTITIONS)
  const endpoint = kafkaEndpoint(servers.kafkaBrokers, topic)
  // With its own retries, because a new broker first has to make the topic of group offsets.
  const kafka = new Kafka({ brokers: endpoint.hosts, logLevel: logLevel.NOTHING })
  const sink = await createKafkaSink(endpoint, eventType, partitions, quiet)
  defer(t, () => sink.close())
  /** Everything in the topic, partition by partition, as `<origin>-<partition>-<seq>` and the text's length. */
  const readAll = async () => {
    const consumer = kafka.consumer({ groupId: `it-${randomUUID()}`, maxWaitTimeInMs: 100 })
    defer(t, () => consumer.disconnect())
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const read: string[][] = Array.from({ length: PARTITIONS }, () => [])
    const wanted = await topics.appended(topic)
    await consumer.run({
      eachMessage: ({ partition, message }) => {
        const identity = parseIdentity(message.headers?.['freshet'] as Buffer)!
        const { text, country } = eventType.toDocument(message.value!) as { text: string; country: string }
        assert.equal(message.key?.toString(), country)
        read[partition]!.push(`${identity.origin}-${identity.partition}-${identity.seq} ${text.length}`)
        return Promise.resolve()
      },
    })
    await until('everything is read', () => read.flat().length === wanted, 20_000)
    return read
  }
  return { sink, readAll }
}

function runOf(partition: number, firstSeq: number, lengths: number[]): Run {
  const events = lengths.map((length) =>
    toBinary(WeatherTweetSchema, create(WeatherTweetSchema, { text: 'x'.repeat(length), country: 'Perú' })),
  )
  return create(RunSchema, {
    origin: 'o',
    partition,
    firstSeq: BigInt(firstSeq),
    count: events.length,
    firstTimeUs: 1_790_000_000_000_000n,
    timeDeltasUs: events.map((_event, nth) => nth),
    events: joinEvents(events),
    route: 'api',
  })
}
const batchOf = (...runs: Run[]) => create(BatchSchema, { runs })
const linesOf = (partition: number, firstSeq: number, lengths: number[]) =>
  lengths.map((length, nth) => `o-${partition}-${firstSeq + nth} ${length}`)

test('a batch over several partitions is in the log, in order, when the sink says stored', async (t) => {
  const { sink, readAll } = await createScene(t)
  const lengths = Array.from({ length: 500 }, (_, n) => 1 + (n % 280))
  for (const seq of [1, 501]) {
    const outcome = await sink.write(batchOf(runOf(0, seq, lengths), runOf(2, seq, lengths.slice(0, 7))))
    assert.equal(outcome.verdict, Verdict.STORED, outcome.reason)
  }
  const [first, second, third] = await readAll()
  assert.deepEqual(first, [...linesOf(0, 1, lengths), ...linesOf(0, 501, lengths)])
  assert.deepEqual(second, [])
  assert.deepEqual(third, [...linesOf(2, 1, lengths.slice(0, 7)), ...linesOf(2, 501, lengths.slice(0, 7))])
})

test('more than a record batch may hold goes in several, in order', async (t) => {
  const { sink, readAll } = await createScene(t)
  const large = Array.from({ length: 40 }, () => 60_000)
  assert.equal((await sink.write(batchOf(runOf(1, 1, large), runOf(0, 1, [5])))).verdict, Verdict.STORED)
  assert.deepEqual(await readAll(), [linesOf(0, 1, [5]), linesOf(1, 1, large), []])
})

test('a record above the topic’s limit is rejected, for no retry can help', async (t) => {
  const { sink } = await createScene(t)
  const { verdict } = await sink.write(batchOf(runOf(0, 1, [1_100_000])))
  assert.equal(verdict, Verdict.REJECTED)
  assert.equal((await sink.write(batchOf(runOf(0, 2, [5])))).verdict, Verdict.STORED)
})

test('a run whose events do not add up is rejected, and nothing of its batch is appended', async (t) => {
  const { sink, readAll } = await createScene(t)
  const broken = create(RunSchema, { ...runOf(0, 1, [5]), count: 2, timeDeltasUs: [0, 1] })
  assert.equal((await sink.write(batchOf(runOf(1, 1, [5]), broken))).verdict, Verdict.REJECTED)
  assert.deepEqual(await readAll(), [[], [], []])
})

test('a topic with another number of partitions makes the sink not ready, and takes nothing', async (t) => {
  const { sink } = await createScene(t, { partitions: 4 })
  await assert.rejects(sink.write(batchOf(runOf(0, 1, [5]))), /has 3 partitions, and --partitions says 4/)
  assert.match(sink.notReady() ?? '', /has 3 partitions/)
})
