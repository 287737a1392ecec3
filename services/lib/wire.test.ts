import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  BoolValueSchema,
  BytesValueSchema,
  DoubleValueSchema,
  Field_Kind,
  Field_KindSchema,
  FieldSchema,
  FloatValueSchema,
  Int32ValueSchema,
  Int64ValueSchema,
  StringValueSchema,
  UInt32ValueSchema,
  UInt64ValueSchema,
} from '@bufbuild/protobuf/wkt'
import {
  eachEvent,
  fieldNumber,
  fieldText,
  findFields,
  joinEvents,
  splitEvents,
  varintBytes,
  writeVarint,
  type Span,
} from './wire.ts'

let state = 20_261_121
/** Park and Miller's generator: the same numbers on every run. */
const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const below = (most: number) => Math.floor(random() * most)
const pick = <T>(list: readonly T[]): T => list[below(list.length)]!

const strings = ['', 'a', 'ñandú', '😀'.repeat(40), 'x'.repeat(127), 'x'.repeat(128), 'y'.repeat(20_000)]
const integers = [0, 1, 127, 128, 300, 65_535, 2 ** 31 - 1, -1, -2, -1_000, -5_000, -(2 ** 31)]
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').slice(0, 400)
const spanOf = (): Span => ({ start: 0, end: -1, varint: 0 })

function writeUnknown(writer: BinaryWriter): void {
  const number = pick([12, 15, 16, 2_047, 2_048, 500_000, 536_870_911])
  const wireType = pick([WireType.Varint, WireType.Bit64, WireType.Bit32, WireType.LengthDelimited])
  writer.tag(number, wireType)
  if (wireType === WireType.Varint) writer.uint64(pick([0n, 127n, 128n, 2n ** 35n, 2n ** 64n - 1n]))
  else if (wireType === WireType.Bit64) writer.fixed64(2n ** 63n + 1n)
  else if (wireType === WireType.Bit32) writer.fixed32(0xffffffff)
  else writer.bytes(new Uint8Array(below(200)).fill(0xff))
}

/** A google.protobuf.Field with some fields set, given twice, or unknown. */
function randomMessage(): Uint8Array {
  const parts: Uint8Array[] = []
  for (let n = below(3); n >= 0; n--) {
    const message = create(FieldSchema)
    if (random() < 0.6) message.kind = pick([...Field_KindSchema.values.map(({ number }) => number), 77])
    if (random() < 0.6) message.number = pick(integers)
    if (random() < 0.6) message.name = pick(strings)
    if (random() < 0.6) message.packed = random() < 0.5
    if (random() < 0.6) message.defaultValue = pick(strings)
    parts.push(toBinary(FieldSchema, message))
    const writer = new BinaryWriter()
    for (let unknown = below(3); unknown > 0; unknown--) writeUnknown(writer)
    parts.push(writer.finish())
  }
  return Buffer.concat(parts)
}

const { kind, number, name, packed, defaultValue } = FieldSchema.field
const fields = [kind, number, name, packed, defaultValue]
const numbers = fields.map((field) => field.number)
const readers = fields.map(fieldText)
/** One set for all messages, as the sums have it. */
const spans = fields.map(spanOf)

/** What findFields and fieldText read, or undefined when the bytes are malformed. */
function readByWalking(bytes: Uint8Array, start = 0, end = bytes.length): string[] | undefined {
  if (!findFields(bytes, start, end, numbers, spans)) return undefined
  for (const span of spans) assert.ok(span.end <= end && (span.end < 0 || span.start >= start))
  return readers.map((read, index) => read(bytes, spans[index]!))
}

/** The same by the library. */
function readByLibrary(bytes: Uint8Array): string[] | undefined {
  try {
    const read = fromBinary(FieldSchema, bytes)
    const kindName = Field_Kind[read.kind] === undefined ? undefined : Field_KindSchema.value[read.kind]!.name
    const texts = [kindName ?? read.kind, read.number, read.name, read.packed, read.defaultValue]
    return texts.map(String)
  } catch {
    return undefined
  }
}

test('the fields of 1,000 random messages are those that protobuf-es reads, unknown fields left out', () => {
  for (let n = 0; n < 1_000; n++) {
    const bytes = randomMessage()
    assert.deepEqual(readByWalking(bytes), readByLibrary(bytes), hexOf(bytes))
  }
})

test('truncated bytes are malformed where protobuf-es says so, and what follows them is never read', () => {
  for (let n = 0; n < 60; n++) {
    const whole = randomMessage().subarray(0, 400)
    for (let length = 0; length <= whole.length; length++) {
      const alone = whole.slice(0, length)
      const expected = readByLibrary(alone)
      assert.deepEqual(readByWalking(alone), expected, hexOf(alone))
      for (const filling of [0x00, 0x01, 0xff]) {
        const inside = new Uint8Array(length + 24).fill(filling)
        inside.set(alone, 8)
        assert.deepEqual(readByWalking(inside, 8, 8 + length), expected)
      }
    }
  }
})

test('random bytes are never read beyond their end', () => {
  for (let n = 0; n < 5_000; n++) {
    const bytes = Uint8Array.from({ length: below(30) }, () => pick([0x08, 0x12, 0x80, 0xff, below(256)]))
    const inside = new Uint8Array(bytes.length + 16).fill(pick([0, 1, 0xff]))
    inside.set(bytes, 8)
    assert.deepEqual(readByWalking(inside, 8, 8 + bytes.length), readByWalking(bytes))
  }
})

const numeric: [DescMessage, (number | bigint)[]][] = [
  [Int32ValueSchema, integers],
  [UInt32ValueSchema, [0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1]],
  [Int64ValueSchema, [0n, 1n, 2n ** 53n - 1n, -1n, -2n, -1_000n, -(2n ** 53n), -(2n ** 63n), 2n ** 63n - 1n]],
  [UInt64ValueSchema, [0n, 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 64n - 1n]],
  [DoubleValueSchema, [0, -0.5, 1e300, 5e-324, Infinity, Number.NaN]],
  [FloatValueSchema, [0, -0.5, 1.5, 65_536, -Infinity]],
]
for (const [schema, values] of numeric) {
  test(`a number reads as protobuf-es reads it: ${schema.typeName}`, () => {
    for (const value of values) {
      const bytes = toBinary(schema, create(schema, { value } as never))
      const span = spanOf()
      assert.ok(findFields(bytes, 0, bytes.length, [1], [span]))
      assert.equal(fieldNumber(schema.fields[0]!)(bytes, span), Number(value))
      assert.equal(fieldText(schema.fields[0]!)(bytes, span), String(Number(value)))
    }
  })
}

test('an absent field has the text of its default', () => {
  const texts = [StringValueSchema, BoolValueSchema, Int32ValueSchema].map((schema) =>
    fieldText(schema.fields[0]!),
  )
  assert.deepEqual(
    texts.map((text) => text(new Uint8Array(), spanOf())),
    ['', 'false', '0'],
  )
})

test('views of fields that have no text or number are refused when they are compiled', () => {
  assert.throws(() => fieldText(FieldSchema.field.options), /options: views read scalar and enum fields only/)
  assert.throws(() => fieldText(BytesValueSchema.field.value), /value: views read strings, bools/)
  assert.throws(() => fieldNumber(FieldSchema.field.kind), /kind: not a number/)
  assert.throws(() => fieldNumber(StringValueSchema.field.value), /value: views read/)
})

test('a varint is what protobuf-es writes, and takes the bytes that were counted', () => {
  for (let bit = 0; bit <= 32; bit++) {
    for (const value of [2 ** bit - 1, Math.min(2 ** bit, 2 ** 32 - 1)]) {
      const into = new Uint8Array(5)
      const length = writeVarint(into, 0, value)
      assert.deepEqual(into.subarray(0, length), new BinaryWriter().uint32(value).finish())
      assert.equal(varintBytes(value), length)
    }
  }
})

const eventLists = [[], [0], [0, 0, 0], [1, 127, 128, 129], [16_383, 16_384, 1], [70_000]].map((lengths) =>
  lengths.map((length, index) => new Uint8Array(length).fill(index + 1)),
)

test('joined events come apart as they were, and are length-delimited as protobuf-es reads it', () => {
  for (const events of eventLists) {
    const joined = joinEvents(events)
    assert.deepEqual(splitEvents(joined, events.length), events)
    const reader = new BinaryReader(joined)
    assert.deepEqual(
      events.map(() => reader.bytes()),
      events,
    )
    assert.equal(reader.pos, joined.length)
  }
})

test('a run whose lengths do not add up to its count and its bytes is an error', () => {
  const joined = joinEvents([new Uint8Array(200), new Uint8Array(3)])
  const visit = () => undefined
  for (let length = 0; length < joined.length; length++) {
    assert.throws(() => eachEvent(joined.subarray(0, length), 2, visit), /end inside or after event/)
  }
  for (const count of [0, 1, 3]) assert.throws(() => eachEvent(joined, count, visit), /inside or after event/)
  assert.throws(() => eachEvent(new Uint8Array(12).fill(0xff), 1, visit), /inside or after event 0/)
})
