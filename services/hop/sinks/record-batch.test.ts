// What the encoder writes is read back by kafkajs's own decoder, as a consumer would.
import { create } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { RunSchema, TraceSchema, type Run } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { loadEventType } from '../../lib/event-type.ts'
import { parseIdentity } from '../../lib/kafka.ts'
import { joinEvents } from '../../lib/wire.ts'
import { crc32c } from './crc32c.ts'
import { createRecordBatchEncoder } from './record-batch.ts'

const load = createRequire(import.meta.url)
const Decoder = load('kafkajs/src/protocol/decoder.js')
const decodeBatch = load('kafkajs/src/protocol/recordBatch/v0/decoder.js')
const crcOf = load('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js') as (bytes: Buffer) => number

type Decoded = {
  firstTimestamp: string
  maxTimestamp: string
  lastOffsetDelta: number
  records: {
    offset: string
    timestamp: string
    key: Buffer | null
    value: Buffer
    headers: Record<string, Buffer>
  }[]
}

const eventType = loadEventType('scenarios.WeatherTweet')
const encode = createRecordBatchEncoder(eventType)
const eventOf = (text: string, country: string) => Buffer.from(eventType.encode({ text, country }).bytes)
const START_US = 1_790_000_000_123_456

function runOf(
  events: Uint8Array[],
  { seq = 1, timeUs = START_US, stepUs = 1_700, origin = 'Origin12', partition = 2 } = {},
): Run {
  return create(RunSchema, {
    origin,
    partition,
    firstSeq: BigInt(seq),
    count: events.length,
    firstTimeUs: BigInt(timeUs),
    timeDeltasUs: events.map((_event, nth) => nth * stepUs),
    events: joinEvents(events),
    route: 'api',
  })
}

async function decode(encoded: Buffer): Promise<Decoded> {
  assert.equal(encoded.readUInt32BE(17), crcOf(encoded.subarray(21)) >>> 0, 'the checksum')
  const decoder = new Decoder(encoded)
  return (await decodeBatch(decoder)) as Decoded
}

test('every record has its key, value, time and identity, whatever the lengths', async () => {
  const countries = ['Guatemala', 'Perú', 'Côte d’Ivoire', 'República Centroafricana']
  const events = Array.from({ length: 700 }, (_, n) =>
    eventOf('x'.repeat(1 + ((n * 37) % 280)), countries[n % 4]!),
  )
  for (const seq of [1, 9, 99_999_995, 999_999_990, 12_345_678_901_234]) {
    const { records, ...head } = await decode(encode([runOf(events, { seq })]))
    assert.equal(head.lastOffsetDelta, 699)
    assert.equal(head.firstTimestamp, String(Math.floor(START_US / 1_000)))
    assert.equal(head.maxTimestamp, String(Math.floor((START_US + 699 * 1_700) / 1_000)))
    for (const [n, record] of records.entries()) {
      assert.deepEqual(record.value, events[n])
      assert.equal(record.key?.toString(), countries[n % 4])
      assert.equal(record.offset, String(n))
      const timeUs = START_US + n * 1_700
      assert.equal(record.timestamp, String(Math.floor(timeUs / 1_000)))
      assert.deepEqual(parseIdentity(record.headers['freshet']), {
        origin: 'Origin12',
        partition: 2,
        seq: seq + n,
        timeUs,
        route: 'api',
      })
    }
  }
})

test('runs of several origins stand one after the other, also when their clocks are months apart', async () => {
  const monthsUs = 100 * 86_400 * 1_000_000
  const runs = [0, monthsUs, -monthsUs].map((shiftUs, n) =>
    runOf([eventOf('a', 'Perú'), eventOf('b', 'Perú')], {
      origin: `o${n}`,
      seq: 5,
      timeUs: START_US + shiftUs,
    }),
  )
  const { records, maxTimestamp } = await decode(encode(runs))
  assert.deepEqual(
    records.map(({ headers }) => headers['freshet']!.toString().split(';')[0]),
    ['o0-2-5', 'o0-2-6', 'o1-2-5', 'o1-2-6', 'o2-2-5', 'o2-2-6'],
  )
  assert.deepEqual(
    records.map(({ timestamp }) => Number(timestamp)),
    [0, 1_700, monthsUs, monthsUs + 1_700, -monthsUs, 1_700 - monthsUs].map((us) =>
      Math.floor((START_US + us) / 1_000),
    ),
  )
  assert.equal(maxTimestamp, String(Math.floor((START_US + monthsUs + 1_700) / 1_000)))
})

test('a traced event has its context in a second header, and the records beside it have none', async () => {
  const traceparentOf = (n: number) => `00-${'a'.repeat(32)}-${String(n).padStart(16, '0')}-01`
  const events = Array.from({ length: 300 }, (_, n) => eventOf('x'.repeat(1 + (n % 280)), 'Perú'))
  for (const tracedIndexes of [[0], [299], [3, 4, 200], events.map((_event, n) => n)]) {
    const traces = tracedIndexes.map((index) =>
      create(TraceSchema, { index, traceparent: traceparentOf(index + 1) }),
    )
    const [first, second] = [runOf(events), runOf(events, { seq: 301 })]
    const { records } = await decode(encode([first, create(RunSchema, { ...second, traces })]))
    assert.equal(records.length, 600)
    for (const [n, { headers, value }] of records.entries()) {
      assert.deepEqual(value, events[n % 300])
      assert.equal(parseIdentity(headers['freshet'])?.seq, n + 1)
      const expected = n >= 300 && tracedIndexes.includes(n - 300) ? traceparentOf(n - 299) : undefined
      assert.equal(headers['traceparent']?.toString(), expected)
      assert.equal(Object.keys(headers).length, expected === undefined ? 1 : 2)
    }
  }
})

test('events whose bytes do not add up are refused', () => {
  const run = runOf([eventOf('a', 'Perú')])
  assert.throws(() => encode([{ ...run, count: 2 }]), /end inside or after/)
})

test('the checksum is that of RFC 3720, and of any part of the bytes', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa)
  const bytes = Buffer.from(Array.from({ length: 300 }, (_, n) => (n * 31) & 0xff))
  for (let end = 0; end < 300; end += 7)
    assert.equal(crc32c(bytes, end % 5, end), crcOf(bytes.subarray(end % 5, end)) >>> 0)
})
