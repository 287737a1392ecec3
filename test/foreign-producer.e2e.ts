// Kafka's own Java client appends in every compression that it has, and a hop reads it.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { prepareKafka, readClassPath } from '../local/kafka.ts'
import { kafkaEndpoint, openTopics, quiet } from '../loadtest/bench/topics.ts'
import { eachRecord, outcomes } from '../services/hop/batch.ts'
import { createRecordReader } from '../services/hop/sources/kafka-records.ts'
import { createKafkaSource } from '../services/hop/sources/kafka.ts'
import { loadEventType } from '../services/lib/event-type.ts'
import { defer } from './defer.ts'
import { servers } from './servers.ts'
import { until } from './until.ts'

const producer = fileURLToPath(new URL('foreign/Producer.java', import.meta.url))
const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
/** So many alone, and as many again in batches. */
const EACH = 100
const JAVA_DEADLINE_MS = 60_000
const READ_DEADLINE_MS = 30_000

test('events of a Java producer arrive whole in every compression', async (t) => {
  const eventType = loadEventType('scenarios.WeatherTweet')
  const topic = `foreign-${randomUUID()}`
  const topics = await openTopics((release) => defer(t, release), servers.kafkaBrokers)
  await topics.create(topic, 2)
  const classPath = readClassPath(await prepareKafka())
  await Promise.all(
    COMPRESSIONS.map((compression) =>
      promisify(execFile)(
        'java',
        [
          '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
          '-cp',
          classPath,
          producer,
          servers.kafkaBrokers,
        ].concat(topic, compression, '0', String(EACH)),
        { timeout: JAVA_DEADLINE_MS },
      ),
    ),
  )
  const texts: string[] = []
  const letters: string[] = []
  const endpoint = {
    ...kafkaEndpoint(servers.kafkaBrokers, topic),
    parameters: new Map([['group', topic]]),
  }
  const source = await createKafkaSource(
    endpoint,
    createRecordReader(eventType),
    (batch) => {
      for (const run of batch.runs)
        eachRecord(run, (event) => texts.push(eventType.toDocument(event)['text'] as string))
      return Promise.resolve(outcomes.stored())
    },
    { send: ({ reason }) => Promise.resolve(void letters.push(reason)), close: () => Promise.resolve() },
    quiet,
  )
  defer(t, () => source.close())
  const wanted = COMPRESSIONS.flatMap((compression) =>
    Array.from({ length: EACH }, (_, n) => [
      `${compression} ${n} ${'lluvia '.repeat(n % 30)}`,
      `${compression} many ${n} ${'☔'.repeat(n % 90)}`,
    ]).flat(),
  )
  await until('everything is read', () => texts.length + letters.length >= wanted.length, READ_DEADLINE_MS)
  assert.deepEqual(letters, [])
  assert.deepEqual(texts.toSorted(), wanted.toSorted())
})
