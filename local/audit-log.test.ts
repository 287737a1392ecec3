import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaMessage } from 'kafkajs'
import { loadEventType } from '../services/lib/event-type.ts'
import { createEventReader } from './audit-log.ts'

const eventType = loadEventType('scenarios.WeatherTweet')
const tweet = { text: 'lluvia', country: 'Perú' }
const { bytes } = eventType.encode(tweet)
const read = createEventReader('messages', eventType)
const record = (value: Buffer | null, header?: string) =>
  ({
    offset: '9',
    timestamp: '5',
    value,
    headers: header ? { freshet: header } : {},
  }) as unknown as KafkaMessage

test('a record of ours has the identity that it carries', () => {
  assert.deepEqual(read(record(Buffer.from(bytes), 'o-3-7;1234567;api'), 1), {
    id: 'o-3-7',
    document: tweet,
    timeUs: 1_234_567,
    route: 'api',
  })
})

test('a foreign record is an event under its topic, partition and offset, as encoding and as JSON', () => {
  for (const value of [Buffer.from(bytes), Buffer.from(JSON.stringify(tweet))])
    assert.deepEqual(read(record(value), 1), {
      id: 'messages-1-9',
      document: tweet,
      timeUs: 5_000,
      route: 'messages',
    })
})

test('what no hop can read is a dead letter, and no event of the log', () => {
  for (const value of ['{', '{"text":""}', '\u0007', '{"text":"a","country":"b"}'])
    assert.equal(read(record(Buffer.from(value)), 0), undefined, value)
  assert.equal(read(record(null), 0), undefined)
  assert.equal(read(record(Buffer.of(7), 'o-0-1;5;api'), 0), undefined)
})
