import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  create,
  createFileRegistry,
  fromJson,
  ScalarType,
  setExtension,
  toBinary,
  type JsonValue,
} from '@bufbuild/protobuf'
import type { DescField, DescMessage, MessageInitShape } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'
import { createValidator } from '@bufbuild/protovalidate'
import {
  field as rulesOption,
  FieldRulesSchema,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { compileEncoder } from './fast-encode.ts'
import { WeatherTweetSchema } from '../../proto/gen/scenarios/weather_pb.ts'

type Rules = MessageInitShape<typeof FieldRulesSchema>['type']

function fieldOf(number: number, name: string, type: Type, rules?: Rules, extra: object = {}) {
  const options = create(FieldOptionsSchema)
  if (rules) setExtension(options, rulesOption, create(FieldRulesSchema, { type: rules }))
  const jsonName = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  return { name, jsonName, number, type, label: Label.OPTIONAL, options, ...extra }
}

function messageOf(...field: ReturnType<typeof fieldOf>[]): DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: 'test.proto',
    package: 'test',
    syntax: 'proto3',
    enumType: [
      {
        name: 'Sky',
        value: [
          { name: 'SKY_UNSPECIFIED', number: 0 },
          { name: 'SKY_CLEAR', number: 1 },
          { name: 'SKY_STORM', number: 300 },
        ],
      },
    ],
    messageType: [{ name: 'Event', field }],
  })
  return createFileRegistry(file, () => undefined).getMessage('test.Event')!
}

const ofSky = { typeName: '.test.Sky' }
const everything = messageOf(
  fieldOf(3, 'free_text', Type.STRING),
  fieldOf(1, 'text', Type.STRING, { case: 'string', value: { minLen: 1n, maxLen: 280n } }),
  fieldOf(2, 'country', Type.STRING, { case: 'string', value: { minLen: 2n, maxLen: 56n } }),
  fieldOf(4, 'color', Type.STRING, { case: 'string', value: { in: ['red', 'grün', ''] } }),
  fieldOf(5, 'age', Type.INT32, {
    case: 'int32',
    value: { greaterThan: { case: 'gte', value: 0 }, lessThan: { case: 'lt', value: 130 } },
  }),
  fieldOf(16, 'wind', Type.UINT32, { case: 'uint32', value: { lessThan: { case: 'lte', value: 300 } } }),
  fieldOf(17, 'any_number', Type.INT32),
  fieldOf(2_048, 'any_unsigned', Type.UINT32),
  fieldOf(18, 'wet', Type.BOOL),
  fieldOf(19, 'sky', Type.ENUM, undefined, ofSky),
  fieldOf(20, 'score', Type.STRING, { case: 'string', value: { pattern: '^[0-9]{1,2}-[A-Za-z0-9_]{1,2}$' } }),
  fieldOf(21, 'night', Type.ENUM, { case: 'enum', value: { definedOnly: true, notIn: [0] } }, ofSky),
)

let state = 1_511
/** Park and Miller's generator: the same numbers on every run. */
const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!

const letters = ['a', 'é', 'e\u0301', '本', '😀', '👩‍🚀', '"', '\\', '\u0000', '\u2028', '\ufeff']
const lengths = [0, 1, 2, 3, 27, 28, 29, 55, 56, 57, 111, 112, 113, 139, 140, 141, 279, 280, 281, 560, 561]

/** `length` code units or code points of one letter, perhaps with half an emoji among them. */
function trickyString(): string {
  const text = pick(letters).repeat(pick(lengths))
  const cut = random() < 0.5 ? text.slice(0, pick(lengths)) : text
  const at = Math.floor(random() * cut.length)
  return random() < 0.1 ? cut.slice(0, at) + pick(['\ud83d', '\ude00']) + cut.slice(at) : cut
}

const numbers = [
  0,
  -0,
  1,
  12,
  129,
  130,
  131,
  300,
  301,
  128,
  16_384,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  -1,
]
const texts = ['12', '012', '12.0', '1e1', ' 12', '2147483648', '99999999999', '-1', '-0', '٣', '0x10']
const others: JsonValue[] = [null, true, false, 1.5, 1e300, ...texts, 'true', '', [], ['a'], {}, { a: 1 }]
const wrong = (): JsonValue => pick([...others, pick(numbers), trickyString()])

const ordinary: Record<string, JsonValue[]> = {
  text: ['lluvia en Lima ☔', 'a'],
  country: ['Perú', 'México'],
  free_text: ['', 'ok'],
  color: ['red', 'grün', ''],
  age: [0, 129],
  wind: [300, '300'],
  any_number: [2 ** 31 - 1, 0, '12', String(2 ** 31 - 1)],
  any_unsigned: [128],
  wet: [true, false],
  sky: ['SKY_CLEAR', 'SKY_STORM', 300],
  score: ['2-5', '10-0', '9-Z_'],
  night: ['SKY_CLEAR', 300],
}

function trickyValueFor(field: DescField): JsonValue {
  if (random() < 0.3) return wrong()
  if (field.fieldKind === 'enum') return pick(['SKY_UNSPECIFIED', 'sky_clear', '1', 1, 2])
  if (field.name === 'score') return pick(['2-5\n', '2-', 'x-y-', '22-5é', '٢-٥', '123-5', '2-5 '])
  if (field.name === 'color') return pick(['blue', 'Red'])
  if (field.fieldKind !== 'scalar') return wrong()
  return field.scalar === ScalarType.STRING ? trickyString() : pick([...numbers, ...texts, 0, 1])
}

/** An event as a client may send it: parsed from JSON text, so that `__proto__` is a name like any other. */
function randomEvent(schema: DescMessage, aliases: string[]): unknown {
  if (random() < 0.01) return pick<unknown>([null, [], [{}], 'text', 5, true, {}])
  // Mostly one tricky value in an event, so that it decides.
  const often = pick([0, 1, 1, 1, schema.fields.length]) / schema.fields.length
  const entries = schema.fields.flatMap((field) => {
    if (random() < 0.05) return []
    const value = random() < often ? trickyValueFor(field) : pick(ordinary[field.name]!)
    const names = [field.jsonName, field.name, ...aliases.filter((alias) => aliasOf(alias)(schema) === field)]
    const given = random() < 0.03 ? [pick(names), pick(names)] : [pick(names)]
    return given.map((name) => [name, value] as const)
  })
  const strange = ['__proto__', 'constructor', 'toString', 'Text', 'id', '', 'seq']
  if (random() < 0.03) entries.push([pick(strange), wrong()])
  const text = entries
    .toSorted(() => random() - 0.5)
    .map(([name, value]) => `${JSON.stringify(name)}:${json(value)}`)
  return JSON.parse(`{${text.join(',')}}`)
}
/** JSON.stringify would turn -0 into 0. */
const json = (value: JsonValue) => (Object.is(value, -0) ? '-0' : JSON.stringify(value))

const aliasNames: Record<string, string> = { texto: 'text', pais: 'country' }
const aliasOf = (alias: string) => (schema: DescMessage) =>
  schema.fields.find(({ name }) => name === aliasNames[alias])

const validator = createValidator()
/** The libraries' three passes; undefined when they refuse the event. */
function encodeByLibraries(schema: DescMessage, json: unknown): Uint8Array | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const renamed: Record<string, JsonValue> = Object.create(null)
  const seen = new Set<DescField>()
  for (const [name, value] of Object.entries(json)) {
    const field =
      aliasOf(name)(schema) ?? schema.fields.find((known) => [known.name, known.jsonName].includes(name))
    if (!field || seen.has(field)) return undefined
    seen.add(field)
    renamed[field.jsonName] = value as JsonValue
  }
  try {
    const message = fromJson(schema, renamed)
    return validator.validate(schema, message).kind === 'valid' ? toBinary(schema, message) : undefined
  } catch {
    return undefined
  }
}

for (const schema of [WeatherTweetSchema, everything]) {
  test(`of 10,000 tricky events the fast path encodes none but as the libraries do: ${schema.typeName}`, () => {
    const aliases = Object.keys(aliasNames)
    const encode = compileEncoder(schema, new Map(aliases.map((alias) => [alias, aliasOf(alias)(schema)!])))
    let fast = 0
    let valid = 0
    for (let n = 0; n < 10_000; n++) {
      const event = randomEvent(schema, aliases)
      const expected = encodeByLibraries(schema, event)
      const bytes = encode(event)
      if (expected) valid++
      if (!bytes) continue
      fast++
      assert.ok(expected, `accepted, though the libraries refuse it: ${JSON.stringify(event).slice(0, 500)}`)
      assert.deepEqual(Buffer.from(bytes), Buffer.from(expected), JSON.stringify(event).slice(0, 500))
    }
    // Else the comparison above shows nothing.
    assert.ok(fast > 2_000 && fast > valid / 2, `${fast} by the fast path, ${valid} valid`)
  })
}

test('a message with a rule or a field that the fast path does not know is left to the libraries whole', () => {
  const unknown = [
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { pattern: '^a' } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { pattern: '^\\d$' } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { pattern: '^(a?){9}$' } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { pattern: '^a*a*a*$' } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { minLen: 1n, minBytes: 3n } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { const: 'a' } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { wellKnown: { case: 'email', value: true } } }),
    fieldOf(2, 'x', Type.INT32, { case: 'int32', value: { in: [1, 2] } }),
    fieldOf(2, 'x', Type.BOOL, { case: 'bool', value: { const: true } }),
    fieldOf(2, 'x', Type.ENUM, { case: 'enum', value: { const: 1 } }, ofSky),
    fieldOf(2, 'x', Type.DOUBLE),
    fieldOf(2, 'x', Type.BYTES),
    fieldOf(2, 'x', Type.INT64),
    fieldOf(2, 'x', Type.STRING, undefined, { label: Label.REPEATED }),
    fieldOf(2, 'x', Type.STRING, undefined, { proto3Optional: true, oneofIndex: 0 }),
  ]
  for (const field of unknown) {
    const proto3Optional = 'proto3Optional' in field
    const schema = proto3Optional ? withOneof(field) : messageOf(fieldOf(1, 'a', Type.STRING), field)
    assert.equal(compileEncoder(schema, new Map())({ a: 'b' }), undefined, JSON.stringify(field.name))
  }
  assert.ok(compileEncoder(messageOf(fieldOf(1, 'a', Type.STRING)), new Map())({ a: 'b' }))
})

function withOneof(field: ReturnType<typeof fieldOf>): DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: 'test.proto',
    package: 'test',
    syntax: 'proto3',
    messageType: [
      { name: 'Event', field: [fieldOf(1, 'a', Type.STRING), field], oneofDecl: [{ name: '_x' }] },
    ],
  })
  return createFileRegistry(file, () => undefined).getMessage('test.Event')!
}
