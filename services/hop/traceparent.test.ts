import assert from 'node:assert/strict'
import { test } from 'node:test'
import { carriedTraceparent, parseTraceparent, TRACEPARENT_LENGTH } from './traceparent.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const sampled = `00-${traceId}-${spanId}-01`

test('a header says trace, span, and whether it is sampled, as text and as bytes', () => {
  assert.deepEqual(parseTraceparent(sampled), { traceId, spanId, sampled: true })
  assert.deepEqual(parseTraceparent(Buffer.from(sampled)), { traceId, spanId, sampled: true })
  assert.deepEqual(parseTraceparent(`00-${traceId}-${spanId}-00`), { traceId, spanId, sampled: false })
  assert.equal(sampled.length, TRACEPARENT_LENGTH)
})

test('of the flags only the last bit says sampled', () => {
  for (const [flags, is] of Object.entries({ '03': true, ff: true, '02': false, fe: false }))
    assert.equal(parseTraceparent(`00-${traceId}-${spanId}-${flags}`)?.sampled, is, flags)
})

test('what the standard calls malformed is none', () => {
  const wrong = [
    undefined,
    null,
    7,
    ['a', 'b'],
    '',
    'x',
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}-01 `,
    ` 00-${traceId}-${spanId}-01`,
    `00-${traceId.slice(1)}-${spanId}-01`,
  ]
  for (const header of wrong) assert.equal(parseTraceparent(header), undefined, String(header))
})

test('of a later version the known part is read, whatever follows', () => {
  assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01-what-the-future-brings`), {
    traceId,
    spanId,
    sampled: true,
  })
  assert.equal(parseTraceparent(`cc-${traceId}-${spanId}-01.what`), undefined)
})

test('an event carries what is sampled, in version 00, and nothing else', () => {
  assert.equal(carriedTraceparent(Buffer.from(sampled)), sampled)
  assert.equal(carriedTraceparent(`01-${traceId}-${spanId}-09-x`), sampled)
  assert.equal(carriedTraceparent(`00-${traceId}-${spanId}-00`), undefined)
  assert.equal(carriedTraceparent(undefined), undefined)
})
