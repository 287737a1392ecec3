import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DescField } from '@bufbuild/protobuf'
import {
  BoolValueSchema,
  BytesValueSchema,
  DoubleValueSchema,
  FieldDescriptorProtoSchema,
  FloatValueSchema,
  Int32ValueSchema,
  Int64ValueSchema,
  StructSchema,
  UInt32ValueSchema,
  UInt64ValueSchema,
} from '@bufbuild/protobuf/wkt'
import type { EventDocument } from '../lib/mongo.ts'
import { loadEventType } from '../lib/event-type.ts'
import { createLogs, createLogsParser, formatCursor, parseCursor, parseValue } from './logs.ts'

/** A message with strings, numbers, booleans, enums and a nested message. */
const schema = FieldDescriptorProtoSchema
const fieldOf = (name: string): DescField => schema.fields.find((field) => field.name === name)!
const parse = createLogsParser(schema)

test('without parameters a page has 50 events and no filter', () => {
  assert.deepEqual(parse(''), { limit: 50, filter: {} })
})

test('values are typed by the schema', () => {
  assert.deepEqual(parse('name=x%20y&number=7&proto3_optional=true&type=TYPE_BOOL&limit=500'), {
    limit: 500,
    filter: { name: 'x y', number: 7, proto3_optional: true, type: 'TYPE_BOOL' },
  })
  assert.deepEqual(parse('jsonName=x'), { limit: 50, filter: { json_name: 'x' } })
})

test('the other JSON names of a field are taken too, but not beside it', () => {
  const { schema: tweet } = loadEventType('scenarios.WeatherTweet')
  const parseTweet = createLogsParser(tweet)
  assert.deepEqual(parseTweet('pais=Chile'), { limit: 50, filter: { country: 'Chile' } })
  assert.deepEqual(parseTweet('pais=Chile&country=Chile'), {
    mistakes: [{ parameter: 'country', message: 'is given twice' }],
  })
})

test('every mistake is named with its parameter', () => {
  const parsed = parse(
    'limit=0&after=%21&number=many&proto3_optional=1&type=TYPE_NONE&options=x&nothing=1&name=a&name=b',
  )
  assert.ok('mistakes' in parsed)
  const names = ['limit', 'after', 'number', 'proto3_optional', 'type', 'options', 'nothing', 'name']
  assert.deepEqual(
    parsed.mistakes.map(({ parameter }) => parameter),
    names,
  )
})

test('limits outside 1 to 5,000 are refused', () => {
  for (const limit of ['0', '5001', '-1', '1.5', '1e2', '', 'all', '0x10'])
    assert.ok('mistakes' in parse(`limit=${limit}`), limit)
})

test('numbers keep to the range of their type, and 64 bits are text as in stored documents', () => {
  const value = (of: { fields: DescField[] }, text: string) => parseValue(of.fields[0]!, text)
  assert.equal(value(Int32ValueSchema, '-2147483648'), -2147483648)
  assert.equal(typeof value(Int32ValueSchema, '2147483648'), 'object')
  assert.equal(value(UInt32ValueSchema, '4294967295'), 4294967295)
  assert.equal(typeof value(UInt32ValueSchema, '-1'), 'object')
  assert.equal(value(Int64ValueSchema, '-9223372036854775808'), '-9223372036854775808')
  assert.equal(value(Int64ValueSchema, '007'), '7')
  assert.equal(value(UInt64ValueSchema, '18446744073709551615'), '18446744073709551615')
  assert.equal(typeof value(UInt64ValueSchema, '18446744073709551616'), 'object')
  assert.equal(value(DoubleValueSchema, '0.1'), 0.1)
  assert.equal(value(FloatValueSchema, '0.1'), Math.fround(0.1))
  assert.equal(typeof value(DoubleValueSchema, ' '), 'object')
  assert.equal(value(BoolValueSchema, 'false'), false)
  assert.equal(value(BytesValueSchema, 'AA=='), 'AA==')
  assert.equal(typeof value(StructSchema, 'x'), 'object')
  assert.equal(typeof parseValue(fieldOf('options'), 'x'), 'object')
})

test('a cursor comes back as it went, and nothing else is one', () => {
  const cursor = { timeMs: 1_795_000_000_123, id: 'o.r-i_gin-3-18446744073709551615' }
  assert.deepEqual(parseCursor(formatCursor(cursor)), cursor)
  for (const text of [
    '',
    'x',
    formatCursor({ timeMs: 1, id: '' }),
    Buffer.from('1:{"$gt":1}').toString('base64url'),
  ]) {
    assert.equal(parseCursor(text), undefined)
  }
})

const document = (n: number): EventDocument => ({
  _id: `o-0-${n}`,
  name: `n${n}`,
  time: new Date(n),
  route: 'api',
})

test('a full page says where the next begins, the last one does not', async () => {
  const asked: unknown[] = []
  const logs = createLogs(schema, (filter, limit) => {
    asked.push([filter, limit])
    return Promise.resolve([document(9), document(8), document(7)].slice(0, limit))
  })
  const first = await logs('limit=2&name=x')
  const { events, next } = JSON.parse(String(first.body)) as { events: unknown[]; next: string }
  assert.deepEqual(events[0], { id: 'o-0-9', time: '1970-01-01T00:00:00.009Z', route: 'api', name: 'n9' })
  assert.equal(events.length, 2)
  assert.deepEqual(parseCursor(next), { timeMs: 8, id: 'o-0-8' })
  const last = await logs(`limit=3&name=x&after=${next}`)
  assert.equal((JSON.parse(String(last.body)) as { next: unknown }).next, null)
  const at = new Date(8)
  assert.deepEqual(asked, [
    [{ name: 'x' }, 3],
    [{ name: 'x', time: { $lte: at }, $or: [{ time: { $lt: at } }, { time: at, _id: { $lt: 'o-0-8' } }] }, 4],
  ])
})

test('a wrong parameter is a 400 that names it, and asks no store', async () => {
  const reply = await createLogs(schema, () => assert.fail('must not ask'))('nothing=1')
  assert.equal(reply.status, 400)
  assert.match(String(reply.body), /nothing: is no parameter/)
})
