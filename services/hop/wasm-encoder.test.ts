// The WebAssembly encoder against the one of the public intake: whatever it encodes is what the libraries make of
// the same text, and most of what is valid it encodes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DescMessage } from '@bufbuild/protobuf'
import { pipelines } from '../../pipelines/all.ts'
import { projectRoot } from '../../local/session.ts'
import { readRows } from '../../loadtest/data-file.ts'
import { InvalidEventError } from '../lib/errors.ts'
import { aliasNames, everything, fieldOf, messageOf, random, randomText } from '../lib/encode-samples.ts'
import { createEventType, loadEventType, type EventType } from '../lib/event-type.ts'
import { parseJson } from './sources/json.ts'
import { loadWasmEncoder } from './wasm-encoder.ts'
import { FieldDescriptorProto_Type as Type } from '@bufbuild/protobuf/wkt'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** What the intake makes of a text without WebAssembly; undefined when it refuses it. */
function encodeByIntake(eventType: EventType, text: Buffer) {
  try {
    return eventType.encode(parseJson(text))
  } catch (cause) {
    assert.ok(cause instanceof InvalidEventError, String(cause))
    return undefined
  }
}

/** Compares one text, and counts. */
async function compareWith(eventType: EventType) {
  const encode = await loadWasmEncoder(eventType, quiet)
  const counts = { certain: 0, valid: 0 }
  return {
    counts,
    compare(text: Buffer) {
      const expected = encodeByIntake(eventType, text)
      const encoded = encode(text)
      const shown = () => JSON.stringify(text.toString('latin1').slice(0, 400))
      if (expected) counts.valid++
      if (!encoded) return
      counts.certain++
      assert.ok(expected, `encoded, though the intake refuses it: ${shown()}`)
      assert.deepEqual(Buffer.from(encoded.bytes), Buffer.from(expected.bytes), shown())
      assert.equal(encoded.key, expected.key, shown())
    },
  }
}

for (const pipeline of pipelines) {
  test(`every row of the data set of ${pipeline.name} has the same bytes from both encoders`, async () => {
    const eventType = loadEventType(pipeline.event)
    const { compare, counts } = await compareWith(eventType)
    const rows = await readRows(`${projectRoot}/${pipeline.rows}`)
    for (const row of rows) {
      compare(Buffer.from(JSON.stringify(row)))
      // As Python's json.dumps writes it, and as people do.
      compare(Buffer.from(escaped(JSON.stringify(row))))
      compare(Buffer.from(JSON.stringify(row, undefined, 2)))
    }
    assert.equal(counts.valid, rows.length * 3)
    if (eventType.plan) assert.equal(counts.certain, counts.valid)
  })
}

/** Everything beyond ASCII as \u escapes. */
function escaped(json: string): string {
  return json.replaceAll(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0').replace('a', 'A')}`,
  )
}

const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
const signs = [
  '"',
  '\\',
  ...'{}[],: 019-.eEtfnu/\n\t\0'.split(''),
  '\\u0000',
  '\\ud83d',
  '\\ude00',
  '\\u00e9',
  '\\x',
  '😀',
]
const bytes = [0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xa0, 0xf0, 0xf4, 0x90, 0xff]

/** A few bytes changed, put in or taken out, or whatever is not ASCII escaped. */
function mutate(text: string): Buffer {
  if (random() < 0.3) return Buffer.from(escaped(text))
  let buffer = Buffer.from(text)
  for (let left = Math.floor(random() * 3); left > 0; left--) {
    const at = Math.floor(random() * (buffer.length + 1))
    const inserted = random() < 0.7 ? Buffer.from(pick(signs)) : Buffer.of(pick(bytes))
    const removed = pick([0, 0, 1, 1, 2, 5])
    buffer = Buffer.concat([buffer.subarray(0, at), inserted, buffer.subarray(at + removed)])
  }
  return buffer
}

const schemas: [schema: DescMessage, aliases: string[]][] = [
  [loadEventType('scenarios.WeatherTweet').schema, Object.keys(aliasNames)],
  [everything, []],
]
for (const [schema, aliases] of schemas) {
  test(`of 20,000 mutated texts none is encoded but as the intake does: ${schema.typeName}`, async () => {
    const { compare, counts } = await compareWith(createEventType(schema))
    for (let n = 0; n < 20_000; n++) compare(mutate(randomText(schema, aliases)))
    const { certain, valid } = counts
    assert.ok(certain > 2_500 && certain > valid / 2, `${certain} certain of ${valid} valid`)
  })
}

const small = messageOf(fieldOf(1, 'a', Type.STRING), fieldOf(2, 'n', Type.INT32))
const texts: [text: string, certain: boolean][] = [
  ['{}', true],
  [' \t\r\n{ "a" : "b" , "n" : 1 } \n', true],
  ['{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"}', true],
  ['{"a":"b","n":2147483647}', true],
  ['{"a":""}', true],
  ['{"n":2147483648}', false],
  ['{"n":01}', false],
  ['{"n":1.0}', false],
  ['{"n":1e2}', false],
  ['{"n":-0}', false],
  ['{"n":"1"}', true],
  ['{"n":"01"}', false],
  ['{"n":" 1"}', false],
  ['{"n":"1.0"}', false],
  ['{"n":1 2}', false],
  ['{"a":"b","a":"c"}', false],
  ['{"a":"b",}', false],
  ['{"a":"b"}}', false],
  ['{"a":"b"}\0', false],
  ['{"a":null}', false],
  ['{"\\u0061":"b"}', false],
  ['{"a":"\\ud83d"}', false],
  ['{"a":"\\ude00\\ud83d"}', false],
  ['{"a":"\n"}', false],
  ['{"a":"b', false],
  ['{"a"', false],
  ['\ufeff{}', false],
  ['', false],
]
for (const [text, certain] of texts) {
  test(`the module is ${certain ? 'certain of' : 'not sure of'} ${JSON.stringify(text)}`, async () => {
    const { compare, counts } = await compareWith(createEventType(small))
    compare(Buffer.from(text))
    assert.equal(counts.certain, certain ? 1 : 0)
  })
}

const sequences: [hex: string, certain: boolean][] = [
  ['c280', true],
  ['dfbf', true],
  ['e0a080', true],
  ['ed9fbf', true],
  ['ee8080', true],
  ['f0908080', true],
  ['f48fbfbf', true],
  ['80', false],
  ['c080', false],
  ['c1bf', false],
  ['e09fbf', false],
  ['eda080', false],
  ['f08fbfbf', false],
  ['f4908080', false],
  ['f5808080', false],
  ['e28082c3', false],
  ['e282', false],
]
for (const [hex, certain] of sequences) {
  test(`the bytes ${hex} ${certain ? 'are' : 'are no'} UTF-8`, async () => {
    const { compare, counts } = await compareWith(createEventType(small))
    compare(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(hex, 'hex'), Buffer.from('"}')]))
    assert.equal(counts.certain, certain ? 1 : 0)
    assert.equal(counts.valid, counts.certain)
  })
}

test('text above what the module holds, and a schema beyond it, are left to the libraries', async () => {
  const encode = await loadWasmEncoder(createEventType(small), quiet)
  const long = (length: number) => Buffer.from(`{"a":"${'x'.repeat(length - 8)}"}`)
  assert.equal(encode(long(65_536))?.bytes.length, 65_536 - 8 + 4)
  assert.equal(encode(long(65_537)), undefined)
  const beyond = messageOf(fieldOf(1, 'a', Type.DOUBLE))
  assert.equal((await loadWasmEncoder(createEventType(beyond), quiet))(Buffer.from('{}')), undefined)
})
