import assert from 'node:assert/strict'
import { test } from 'node:test'
import { varyRows } from './vary-rows.ts'

const sample = Array.from({ length: 12 }, (_, n) => ({ a: n, b: `b${n}`, ...(n % 2 && { c: n > 5 }) }))

test('a small sample stands first, and different recombinations of its values follow, the same each time', () => {
  const rows = varyRows(sample, 200)
  assert.deepEqual(rows.slice(0, 12), sample)
  assert.equal(rows.length, 200)
  assert.equal(new Set(rows.map((row) => JSON.stringify(row))).size, 200)
  for (const row of rows)
    for (const [name, value] of Object.entries(row))
      assert.ok(sample.some((from) => (from as Record<string, unknown>)[name] === value))
  assert.ok(rows.some((row) => !Object.hasOwn(row, 'c')))
  assert.deepEqual(varyRows(sample, 200), rows)
})

test('a sample of few combinations gives as many rows as there are, and a large one stays as it is', () => {
  assert.equal(
    varyRows(
      [
        { a: 1, b: 1 },
        { a: 2, b: 2 },
      ],
      1_000,
    ).length,
    4,
  )
  assert.deepEqual(varyRows([{ a: 1 }], 1_000), [{ a: 1 }])
  assert.deepEqual(varyRows(sample, 5), sample)
})
