import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInterner } from './intern.ts'

test('the interner gives every value its own text, also when there are more than it holds', () => {
  let decoded = 0
  const intern = createInterner((bytes, start, end) => {
    decoded++
    return Buffer.from(bytes.subarray(start, end)).toString()
  })
  const texts = Array.from({ length: 6_000 }, (_, n) => `land ${n}`)
  for (let n = 0; n < 12_000; n++) {
    const text = texts[(n * 7_919) % texts.length]!
    const bytes = Buffer.from(`..${text}.`)
    assert.equal(intern(bytes, 2, bytes.length - 1), text)
  }
  decoded = 0
  const often = Buffer.from('Perú')
  for (let n = 0; n < 1_000; n++) assert.equal(intern(often, 0, often.length), 'Perú')
  assert.ok(decoded <= 1, `decoded ${decoded} times`)
})
