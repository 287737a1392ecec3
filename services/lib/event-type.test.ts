import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  create,
  createFileRegistry,
  fromBinary,
  setExtension,
  toBinary,
  type DescMessage,
} from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  MessageOptionsSchema,
} from '@bufbuild/protobuf/wkt'
import { alias, partition_key as partitionKey } from '../../proto/gen/freshet/v1/options_pb.ts'
import { WeatherTweetSchema } from '../../proto/gen/scenarios/weather_pb.ts'
import { ConfigError, InvalidEventError, type Violation } from './errors.ts'
import { createEventType, loadEventType } from './event-type.ts'

const weather = loadEventType('scenarios.WeatherTweet')

/** The violations of what encode refuses, or undefined when it takes it. */
function violationsOf(json: unknown): Violation[] | undefined {
  try {
    weather.encode(json)
    return undefined
  } catch (cause) {
    if (cause instanceof InvalidEventError) return cause.violations
    throw cause
  }
}

test('both spellings of the sources give the same event, and its key is the country', () => {
  const english = weather.encode({ text: 'Llueve en Cuzco ☔', country: 'Perú' })
  const spanish = weather.encode({ texto: 'Llueve en Cuzco ☔', pais: 'Perú' })
  assert.deepEqual(english, spanish)
  assert.equal(english.key, 'Perú')
  assert.equal(weather.keyOf(english.bytes), 'Perú')
  assert.deepEqual(weather.toDocument(english.bytes), { text: 'Llueve en Cuzco ☔', country: 'Perú' })
})

// What is refused, and the fields and rules that the answer must name. `s3cret` marks every client's value.
const refused: [name: string, json: unknown, named: [field: string, rule: string][]][] = [
  ['null', null, [['', 'json']]],
  ['an array', ['s3cret'], [['', 'json']]],
  ['a string', 's3cret', [['', 'json']]],
  [
    'no field at all',
    {},
    [
      ['text', 'string.min_len'],
      ['country', 'string.min_len'],
    ],
  ],
  ['a missing field', { text: 's3cret' }, [['country', 'string.min_len']]],
  ['an empty text', { text: '', country: 's3cret' }, [['text', 'string.min_len']]],
  ['a text that is too long', { text: 's3cret'.repeat(50), country: 's3cret' }, [['text', 'string.max_len']]],
  [
    'a country that is too long',
    { text: 's3cret', country: 's3cret'.repeat(10) },
    [['country', 'string.max_len']],
  ],
  ['a country of one emoji', { text: 's3cret', country: '😀' }, [['country', 'string.min_len']]],
  ['a number for a text', { text: 53_141, country: 's3cret' }, [['text', 'json.type']]],
  [
    'two wrong types',
    { text: { a: 's3cret' }, country: ['s3cret'] },
    [
      ['text', 'json.type'],
      ['country', 'json.type'],
    ],
  ],
  ['a lone surrogate', { text: 's3cret\ud83d', country: 's3cret' }, [['text', 'json.type']]],
  ['an unknown name', { text: 's3cret', country: 's3cret', color: 's3cret' }, [['color', 'json.unknown']]],
  ['another case', { Text: 's3cret', country: 's3cret' }, [['Text', 'json.unknown']]],
  [
    '__proto__',
    JSON.parse('{"text":"s3cret","country":"s3cret","__proto__":{"a":"s3cret"}}'),
    [['__proto__', 'json.unknown']],
  ],
  ['both spellings', { text: 's3cret', texto: 's3cret', country: 's3cret' }, [['text', 'json.twice']]],
  [
    'a forged identity',
    { text: 's3cret', country: 's3cret', id: 's3cret', origin: 's3cret', seq: 1 },
    [
      ['id', 'json.unknown'],
      ['origin', 'json.unknown'],
      ['seq', 'json.unknown'],
    ],
  ],
]
for (const [name, json, named] of refused) {
  test(`${name} is refused with field and rule, and without the value`, () => {
    const violations = violationsOf(json)
    assert.ok(violations, 'it was accepted')
    assert.deepEqual(
      violations.map(({ field, rule }) => [field, rule]),
      named,
    )
    assert.doesNotMatch(JSON.stringify(violations), /s3cret|53141/)
    for (const { message } of violations) assert.match(message, /\w{3}/)
    assert.doesNotMatch(new InvalidEventError(violations).message, /s3cret|53141/)
  })
}

test('null is a missing value, as proto3 JSON says', () => {
  assert.deepEqual(violationsOf({ text: 'a', country: null })?.[0]?.rule, 'string.min_len')
})

test('a thousand unknown names are not echoed whole', () => {
  const names = Array.from({ length: 1_000 }, (_, n) => [`${'n'.repeat(1_000)}${n}`, 1])
  const violations = violationsOf(Object.fromEntries(names))!
  assert.ok(JSON.stringify(violations).length < 3_000)
})

test('boundary lengths count code points, not bytes or code units', () => {
  const with280 = { text: '😀'.repeat(280), country: 'ñ'.repeat(56) }
  assert.equal(violationsOf(with280), undefined)
  assert.equal(violationsOf({ ...with280, text: '😀'.repeat(281) })?.[0]?.rule, 'string.max_len')
  assert.equal(violationsOf({ ...with280, country: 'ñ'.repeat(57) })?.[0]?.rule, 'string.max_len')
})

test('nesting of 100,000 brackets is refused like any other wrong type', () => {
  const nested = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown
  assert.equal(violationsOf(nested)?.[0]?.rule, 'json')
  assert.equal(violationsOf({ text: nested, country: 'Perú' })?.[0]?.rule, 'json.type')
})

test('an encoded event of a foreign producer is checked as a client is', () => {
  const bytes = (text: string) =>
    toBinary(WeatherTweetSchema, create(WeatherTweetSchema, { text, country: 'Perú' }))
  weather.check(bytes('hola'))
  assert.throws(() => weather.check(bytes('')), {
    violations: [{ field: 'text', rule: 'string.min_len', message: 'must be at least 1 characters' }],
  })
  for (const malformed of [
    Buffer.from('hola'),
    bytes('hola').subarray(0, 4),
    Buffer.from([0x0a, 0x02, 0xff, 0xfe]),
  ]) {
    assert.throws(() => weather.check(malformed), InvalidEventError, malformed.toString('hex'))
  }
})

test('a document has every field under its name in the schema, unset ones too', () => {
  assert.deepEqual(weather.toDocument(new Uint8Array()), { text: '', country: '' })
  assert.throws(() => weather.toDocument(Buffer.from([0x0a, 0x7f])))
})

test('unknown fields of a newer schema survive in the bytes, and the key is still found', () => {
  const newer = Buffer.from([...weather.encode({ text: 'a', country: 'Perú' }).bytes, 0x9a, 0x01, 0x01, 0x41])
  weather.check(newer)
  assert.equal(weather.keyOf(newer), 'Perú')
  assert.equal(fromBinary(WeatherTweetSchema, newer).country, 'Perú')
})

function messageWith(names: Record<string, string[]>, key?: string): DescMessage {
  const options = create(MessageOptionsSchema)
  if (key) setExtension(options, partitionKey, key)
  const field = Object.entries(names).map(([name, aliases], index) => {
    const fieldOptions = create(FieldOptionsSchema)
    setExtension(fieldOptions, alias, aliases)
    return {
      name,
      jsonName: name,
      number: index + 1,
      type: Type.STRING,
      label: Label.OPTIONAL,
      options: fieldOptions,
    }
  })
  const messageType = [{ name: 'Event', field, options }]
  const file = create(FileDescriptorProtoSchema, {
    name: 'e.proto',
    package: 'test',
    syntax: 'proto3',
    messageType,
  })
  return createFileRegistry(file, () => undefined).getMessage('test.Event')!
}

test('every mistake of an event message is listed at once', () => {
  const schema = messageWith({ id: [], time: [], a: ['b', 'x'], b: ['x'] }, 'nobody')
  assert.throws(
    () => createEventType(schema),
    (cause) => {
      assert.ok(cause instanceof ConfigError)
      assert.deepEqual(cause.mistakes, [
        'test.Event.id: the name is taken (_id, id, time, route, log)',
        'test.Event.time: the name is taken (_id, id, time, route, log)',
        'test.Event: partition_key "nobody" is no field',
        'test.Event: alias "b" is taken',
        'test.Event: alias "x" is taken',
      ])
      return true
    },
  )
})

test('an event without a partition key has none, and is spread', () => {
  const event = createEventType(messageWith({ a: [] })).encode({ a: 'x' })
  assert.equal(event.key, undefined)
})

test('an unknown event message is a mistake that names those there are', () => {
  assert.throws(
    () => loadEventType('scenarios.Nothing'),
    /no such event message \(known: .*scenarios\.WeatherTweet/,
  )
})
