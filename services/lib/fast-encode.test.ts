import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, createFileRegistry, fromJson, toBinary, type JsonValue } from '@bufbuild/protobuf'
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'
import { createValidator } from '@bufbuild/protovalidate'
import { aliasNames, aliasOf, everything, fieldOf, messageOf, randomText } from './encode-samples.ts'
import { compileEncoder } from './fast-encode.ts'
import { WeatherTweetSchema } from '../../proto/gen/scenarios/weather_pb.ts'

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
      const event: unknown = JSON.parse(randomText(schema, aliases))
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
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { pattern: '^(a?){9}$' } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { pattern: '^a*a*a*$' } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { minLen: 1n, minBytes: 3n } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { const: 'a' } }),
    fieldOf(2, 'x', Type.STRING, { case: 'string', value: { wellKnown: { case: 'email', value: true } } }),
    fieldOf(2, 'x', Type.INT32, { case: 'int32', value: { in: [1, 2] } }),
    fieldOf(2, 'x', Type.BOOL, { case: 'bool', value: { const: true } }),
    fieldOf(2, 'x', Type.ENUM, { case: 'enum', value: { const: 1 } }, { typeName: '.test.Sky' }),
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
