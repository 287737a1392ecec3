import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { BatchSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { loadEventType } from '../lib/event-type.ts'
import { parseIdentity } from '../lib/kafka.ts'
import { joinEvents } from '../lib/wire.ts'
import { lettersOf } from './dead-letters.ts'

const eventType = loadEventType('scenarios.WeatherTweet')
const events = ['Perú', 'Chile'].map((country) => eventType.encode({ text: 'llueve', country }).bytes)
const run = {
  origin: 'o-1',
  partition: 2,
  firstSeq: 7n,
  count: 2,
  route: 'api',
  firstTimeUs: 1_000n,
  timeDeltasUs: [0, 30],
  offsetDeltas: [1, 4],
  events: joinEvents(events),
}

test('each rejected record of a log is a letter with its reason, position, key, bytes and identity', () => {
  const log = { topic: 'messages', partition: 2, firstOffset: 100n, nextOffset: 110n }
  const letters = lettersOf(create(BatchSchema, { runs: [run], log }), 'too large', eventType)
  assert.deepEqual(
    letters.map(({ topic, partition, offset, reason, key, value }) => ({
      topic,
      partition,
      offset,
      reason,
      key,
      value,
    })),
    events.map((event, n) => ({
      topic: 'messages',
      partition: 2,
      offset: ['101', '104'][n],
      reason: 'too large',
      key: ['Perú', 'Chile'][n],
      value: Buffer.from(event),
    })),
  )
  assert.deepEqual(
    letters.map(({ identity }) => parseIdentity(identity)),
    [7, 8].map((seq, n) => ({ origin: 'o-1', partition: 2, seq, timeUs: 1_000 + n * 30, route: 'api' })),
  )
})

test('the letter of a traced record carries its context', () => {
  const log = { topic: 'messages', partition: 2, firstOffset: 100n, nextOffset: 110n }
  const traced = { ...run, traces: [{ index: 1, traceparent: 'the second' }] }
  const letters = lettersOf(create(BatchSchema, { runs: [traced], log }), 'too large', eventType)
  assert.deepEqual(
    letters.map(({ traceparent }) => traceparent),
    [undefined, 'the second'],
  )
})

test('a batch that comes from no log gives no letters', () => {
  assert.deepEqual(lettersOf(create(BatchSchema, { runs: [run] }), 'too large', eventType), [])
})
