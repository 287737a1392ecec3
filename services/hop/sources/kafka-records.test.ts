import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import type { KafkaMessage } from 'kafkajs'
import { BatchSchema, type Run } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { loadEventType } from '../../lib/event-type.ts'
import { formatIdentity, IDENTITY_HEADER } from '../../lib/kafka.ts'
import { eachRecord } from '../batch.ts'
import { createRecordReader, runsOf } from './kafka-records.ts'

let state = 4_711
/** Park and Miller's generator: the same numbers on every run. */
const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const below = (most: number) => Math.floor(random() * most)

const eventType = loadEventType('scenarios.WeatherTweet')
const readRecord = createRecordReader(eventType)
const tweet = (text: string) => Buffer.from(eventType.encode({ text, country: 'Perú' }).bytes)

const NOW_MS = 1_764_000_000_000

function record(offset: number, value: Buffer | null, change: Partial<KafkaMessage> = {}): KafkaMessage {
  const timestamp = String(NOW_MS + offset)
  return {
    offset: String(offset),
    value,
    key: Buffer.from('Perú'),
    timestamp,
    attributes: 0,
    headers: {},
    ...change,
  } as KafkaMessage
}

/** A record as our own sink writes it. */
function own(
  offset: number,
  origin: string,
  seq: number,
  timeUs = NOW_MS * 1_000 + seq,
  partition = 3,
): KafkaMessage {
  const identity = formatIdentity(origin, partition, BigInt(seq), BigInt(timeUs), 'api')
  return record(offset, tweet(`${origin} ${seq}`), { headers: { [IDENTITY_HEADER]: Buffer.from(identity) } })
}

const runsFrom = (messages: KafkaMessage[], firstOffset = 0) =>
  runsOf(messages, 'messages', 3, BigInt(firstOffset), readRecord)

/** Each run as `origin first-last`. */
const shapeOf = (runs: Run[]) =>
  runs.map((run) => `${run.origin} ${run.firstSeq}-${Number(run.firstSeq) + run.count - 1}`)

test('records of one origin and partition with consecutive numbers are one run', () => {
  const { runs, unreadable } = runsFrom([own(5, 'a', 1), own(6, 'a', 2), own(7, 'a', 3)], 5)
  assert.deepEqual(unreadable, [])
  const [run] = runs
  assert.deepEqual(shapeOf(runs), ['a 1-3'])
  assert.deepEqual([run!.partition, run!.route, run!.foreign], [3, 'api', false])
  assert.deepEqual([run!.firstTimeUs, run!.timeDeltasUs], [BigInt(NOW_MS * 1_000 + 1), [0, 1, 2]])
  assert.deepEqual(run!.offsetDeltas, [0, 1, 2])
})

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
/** The same record with another header. */
function traced(message: KafkaMessage, value: string): KafkaMessage {
  return { ...message, headers: { ...message.headers, traceparent: Buffer.from(value) } } as KafkaMessage
}

test('a record whose trace context is sampled carries it on, in its place; others have none', () => {
  const messages = [
    own(0, 'a', 1),
    traced(own(1, 'a', 2), traceparent),
    traced(own(2, 'b', 7), traceparent),
    traced(own(3, 'a', 3), traceparent.replace(/1$/, '0')),
    traced(own(4, 'a', 4), 'nonsense'),
    traced(own(5, 'a', 5), traceparent),
  ]
  const { runs } = runsFrom(messages)
  assert.deepEqual(shapeOf(runs), ['a 1-5', 'b 7-7'])
  const tracesOf = ({ traces }: Run) => traces.map((each) => [each.index, each.traceparent])
  assert.deepEqual(runs.map(tracesOf), [
    [
      [1, traceparent],
      [4, traceparent],
    ],
    [[0, traceparent]],
  ])
})

test('the trace of a foreign producer goes on, also to the dead letters', () => {
  const { runs, unreadable } = runsFrom([
    traced(record(0, tweet('hola')), traceparent),
    traced(record(1, Buffer.from('{}')), traceparent),
  ])
  assert.equal(runs[0]!.traces[0]!.traceparent, traceparent)
  assert.deepEqual(
    unreadable.map((letter) => [letter.offset, letter.traceparent]),
    [['1', traceparent]],
  )
})

test('origins that the log mixes are a run each, and so are partitions of one origin', () => {
  const mixed = [own(0, 'a', 1), own(1, 'b', 9), own(2, 'a', 2), own(3, 'a', 1, NOW_MS, 2), own(4, 'b', 10)]
  assert.deepEqual(shapeOf(runsFrom(mixed).runs), ['a 1-2', 'b 9-10', 'a 1-1'])
})

test('a hole in the numbers begins a new run, and so does a time that falls back', () => {
  const holes = [
    own(0, 'a', 1),
    own(1, 'a', 2),
    own(2, 'a', 5),
    own(3, 'a', 6),
    own(4, 'a', 7, NOW_MS * 1_000),
  ]
  assert.deepEqual(shapeOf(runsFrom(holes).runs), ['a 1-2', 'a 5-6', 'a 7-7'])
})

test('a time too far from the first of its run begins a new one', () => {
  const far = [own(0, 'a', 1, 0), own(1, 'a', 2, 0xffffffff), own(2, 'a', 3, 2 ** 32)]
  assert.deepEqual(shapeOf(runsFrom(far).runs), ['a 1-2', 'a 3-3'])
})

test('repetitions are left out, whether they follow at once or after others', () => {
  const numbers = [1, 1, 2, 3, 2, 3, 1, 4, 4, 5]
  const { runs } = runsFrom(numbers.map((seq, offset) => own(offset, 'a', seq)))
  assert.deepEqual(shapeOf(runs), ['a 1-5'])
  assert.deepEqual(runs[0]!.offsetDeltas, [0, 2, 3, 7, 9])
})

test('of random logs every distinct record is in one run, with its seq, time, offset and bytes', () => {
  for (let n = 0; n < 150; n++) {
    const next = new Map<string, number>()
    const firstOffset = below(100)
    let offset = firstOffset
    const expected = new Map<string, string>()
    const messages = Array.from({ length: 1 + below(60) }, () => {
      offset += 1 + (random() < 0.1 ? below(4) : 0)
      const origin = `o-${below(3)}`
      const last = next.get(origin) ?? 0
      const seq = random() < 0.15 && last > 0 ? 1 + below(last) : last + 1 + (random() < 0.1 ? below(3) : 0)
      next.set(origin, Math.max(seq, last))
      const timeUs = NOW_MS * 1_000 + below(1_000_000)
      if (seq > last)
        expected.set(`${origin} ${seq}`, `${timeUs} ${offset} ${tweet(`${origin} ${seq}`).toString('hex')}`)
      return own(offset, origin, seq, timeUs)
    })
    const { runs } = runsFrom(messages, firstOffset)
    const found = new Map<string, string>()
    for (const run of runs) {
      eachRecord(run, (event, seq, timeUs, delta) => {
        const name = `${run.origin} ${seq}`
        assert.ok(!found.has(name), `${name} is there twice`)
        found.set(name, `${timeUs} ${firstOffset + delta} ${Buffer.from(event).toString('hex')}`)
      })
      assert.ok(run.timeDeltasUs.every((delta, at) => at === 0 || delta >= run.timeDeltasUs[at - 1]!))
    }
    assert.deepEqual(found, expected)
  }
})

const expectedForeign = tweet('hola')
const foreignValues: [name: string, value: Buffer][] = [
  ['the encoded message', tweet('hola')],
  ['JSON', Buffer.from('{"text":"hola","country":"Perú"}')],
  ['JSON in the other spelling', Buffer.from('{ "texto": "hola", "pais": "Perú" }')],
]
for (const [name, value] of foreignValues) {
  test(`a foreign producer may write ${name}: its origin is the topic, its seq the offset`, () => {
    const { runs, unreadable } = runsFrom([record(0, value), record(1, value)])
    assert.deepEqual(unreadable, [])
    const [run] = runs
    assert.deepEqual(shapeOf(runs), ['messages 0-1'])
    assert.deepEqual([run!.partition, run!.route, run!.foreign], [3, 'messages', true])
    assert.equal(run!.firstTimeUs, BigInt(NOW_MS * 1_000))
    eachRecord(run!, (event) => assert.deepEqual(Buffer.from(event), expectedForeign))
  })
}

const invalid: [name: string, value: Buffer | null, reason: RegExp][] = [
  ['no value', null, /^text: .*; country: /],
  ['an empty value', Buffer.alloc(0), /^text: .*; country: /],
  ['a word', Buffer.from('hola'), /is no scenarios\.WeatherTweet/],
  ['a broken encoding', tweet('hola').subarray(0, 5), /is no scenarios\.WeatherTweet/],
  ['broken JSON', Buffer.from('{"text":'), /is not valid JSON/],
  ['JSON of another event', Buffer.from('{"band":"Pulp"}'), /^band: is no field/],
  ['an encoding against the rules', Buffer.from([0x0a, 0x01, 0x61]), /^country: /],
]
for (const [name, value, reason] of invalid) {
  test(`a foreign record with ${name} becomes a dead letter with reason and position, and the next is read`, () => {
    const { runs, unreadable } = runsFrom([record(40, value), record(41, tweet('hola'))], 40)
    assert.deepEqual(shapeOf(runs), ['messages 41-41'])
    assert.equal(unreadable.length, 1)
    const { reason: said, ...letter } = unreadable[0]!
    assert.match(said, reason)
    assert.deepEqual(letter, {
      topic: 'messages',
      partition: 3,
      offset: '40',
      key: Buffer.from('Perú'),
      value,
    })
  })
}

test('our own records are passed on as they are, because the intake has checked them', () => {
  const newer = Buffer.concat([tweet('hola'), Buffer.from([0x9a, 0x01, 0x01, 0x41])])
  const message = { ...own(0, 'a', 1), value: newer }
  const { runs } = runsFrom([message])
  eachRecord(runs[0]!, (event) => assert.deepEqual(Buffer.from(event), newer))
})

test('whatever a foreign producer writes as header or time, the runs can go over a link', () => {
  const strange = [
    ...[
      'a-0-1.5;1;r',
      'a-0-99999999999999999999;1;r',
      'a-99999999999-1;1;r',
      'a-0-1;1e999;r',
      ';;;',
      '---',
    ].map((header, n) => record(n, tweet('hola'), { headers: { [IDENTITY_HEADER]: Buffer.from(header) } })),
    // Kafka's "no timestamp" of old message formats.
    record(10, tweet('hola'), { timestamp: '-1' }),
  ]
  const { runs } = runsFrom(strange)
  assert.equal(
    runs.reduce((sum, run) => sum + run.count, 0),
    strange.length,
  )
  assert.doesNotThrow(() => toBinary(BatchSchema, create(BatchSchema, { runs })))
})
