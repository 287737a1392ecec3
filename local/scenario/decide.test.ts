import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Row } from '../../loadtest/data-file.ts'
import { describeColumns } from './columns.ts'
import { boundsOf, decideSchema, niceAbove } from './decide.ts'

function decide(rows: Row[]) {
  const { columns, mistakes } = describeColumns(rows)
  assert.deepEqual(mistakes, [])
  return decideSchema(columns, rows.length)
}

const fields: [string, unknown[], string][] = [
  ['a text has twice the room', ['abc', 'abcde'], 'string {"min_len":1,"max_len":10}'],
  ['a text that may be empty', ['', 'abcdefg'], 'string {"max_len":20}'],
  ['a text that may be absent', ['ab', null], 'string {"max_len":5}'],
  ['empty texts alone', ['', ''], 'string {"max_len":2}'],
  ['truth', [true, false, null], 'bool {}'],
  ['whole numbers from 0 on', [1, 98], 'int32 {"gte":0,"lte":200}'],
  ['one whole number', [34], 'int32 {"gte":0,"lte":100}'],
  ['zeros', [0, 0], 'int32 {"gte":0,"lte":1}'],
  ['whole numbers of both signs', [-7, 12], 'int32 {"gte":-50,"lte":50}'],
  ['whole numbers below 0', [-7, -3], 'int32 {"gte":-20,"lte":0}'],
  ['numbers that may be absent allow 0', [-7, null], 'int32 {"gte":-20,"lte":10}'],
  ['a bound is no larger than its type', [2_147_483_647], 'int32 {"gte":0,"lte":2147483647}'],
  ['larger whole numbers', [2_147_483_648], 'int64 {"gte":0,"lte":5000000000}'],
  ['the largest whole numbers', [-9_007_199_254_740_991], 'int64 {"gte":-20000000000000000,"lte":0}'],
  ['one fraction makes all doubles', [36, 39.25], 'double {"gte":0,"lte":50}'],
  ['small fractions', [0.001, 0.004], 'double {"gte":0,"lte":0.01}'],
]
for (const [what, values, expected] of fields) {
  test(`types and rules: ${what}`, () => {
    // A second column, so that a row of nothing else is a row.
    const { type, rules } = decide(values.map((a) => ({ a, other: 'x' }))).fields[0]!
    assert.equal(`${type} ${JSON.stringify(rules)}`, expected)
    const { gte = -Infinity, lte = Infinity, min_len = 0, max_len = Infinity } = rules
    for (const value of values) {
      // What is absent reads as the default of its type.
      if (type === 'string') assert.ok(within(typeof value === 'string' ? value.length : 0, min_len, max_len))
      else if (type !== 'bool') assert.ok(within(Number(value), gte, lte))
    }
  })
}

function within(size: number, least: number, most: number): boolean {
  return size >= least && size <= most
}

const rows = Array.from({ length: 100 }, (_, index) => ({
  text: `a text of its own ${index}`,
  country: `country ${index % 30}`,
  colour: ['red', 'green'][index % 2]!,
  ok: index % 3 === 0,
  at: 1_000 + index,
  age: (index * 37) % 80,
}))

test('texts of few values are counted, many of them as a ranking; the most-valued one is the partition key', () => {
  const { key, counts } = decide(rows)
  assert.equal(key?.name, 'country')
  assert.deepEqual(
    counts.map(({ view, field, maxKeys }) => [view, field.name, maxKeys]),
    [
      ['top', 'country', 200],
      ['count_by', 'colour', 100],
      ['count_by', 'ok', 2],
    ],
  )
})

test('the histogram is of the number with most values that is no counter or clock', () => {
  const { histogram } = decide(rows)
  assert.deepEqual([histogram?.field.name, histogram?.bounds], ['age', [10, 20, 30, 40, 50, 60, 70]])
  assert.equal(decide(rows.map(({ text, at }) => ({ text, at }))).histogram, undefined)
})

test('in a small sample short texts that repeat are counted, and when none does all short ones', () => {
  const counted = (sample: Row[]) => decide(sample).counts.map(({ field }) => field.name)
  const names = ['Ana', 'Eva', 'Luz'].map((name, index) => ({ name, state: index > 0 ? 'sick' : 'well' }))
  assert.deepEqual(counted(names), ['state'])
  assert.deepEqual(counted([{ text: 'Rain again, and the bus is late', country: 'Peru' }]), ['country'])
})

test('without a text of few values events are spread', () => {
  assert.equal(decide(Array.from({ length: 30 }, (_, n) => ({ n, text: `text ${n}` }))).key, undefined)
})

const bounds: [number, number, boolean, number[]][] = [
  [1, 4, true, [2, 3, 4]],
  [0, 1, true, [1]],
  [5, 5, true, [2, 4, 6, 8, 10]],
  [0, 0, true, [1]],
  [-3, -3, true, [-5, -4, -3, -2, -1, 0]],
  [0, 1, false, [0.2, 0.4, 0.6, 0.8, 1]],
  [-10, 10, false, [-5, 0, 5, 10]],
  [36.6, 39.2, false, [37, 37.5, 38, 38.5, 39]],
]
for (const [least, most, whole, expected] of bounds) {
  test(`bounds of ${whole ? 'whole numbers' : 'numbers'} from ${least} to ${most} are round and ascend`, () => {
    assert.deepEqual(boundsOf({ least, most, whole }), expected)
  })
}

test('a nice number is 1, 2 or 5 with zeros, and not below', () => {
  const given = [1, 1.1, 2, 3, 5, 5.1, 99, 101, 0.03, 0.05, 1e-7]
  assert.deepEqual(given.map(niceAbove), [1, 2, 2, 5, 5, 10, 100, 200, 0.05, 0.05, 1e-7])
})
