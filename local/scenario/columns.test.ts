import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Row } from '../../loadtest/data-file.ts'
import { describeColumns } from './columns.ts'

const wrong: [string, Row[], RegExp][] = [
  [
    'an object in a row',
    [{ a: 1 }, { a: { b: 1 } }],
    /^column "a": row 2 holds an object, and events are flat$/,
  ],
  ['an array in a row', [{ a: [1] }], /^column "a": row 1 holds an array, and events are flat$/],
  [
    'mixed types',
    [{ a: 1 }, { a: 2 }, { a: 'x' }],
    /^column "a": mixed types: number \(row 1\), string \(row 3\)$/,
  ],
  ['null everywhere', [{ a: null }, {}].map((row) => ({ ...row, b: 1 })), /^column "a": no row has a value/],
  ['a column without a name', [{ '': 1 }], /^column "": a field needs a name$/],
  ['no columns', [{}, {}], /^the rows have no columns$/],
  ['a number that is too large', [{ a: Infinity }], /^column "a": row 1 holds a number beyond/],
  [
    'a whole number that has lost digits',
    [{ a: 2 ** 53 }],
    /^column "a": row 1 holds a whole number beyond 2\^53/,
  ],
  ['half of a surrogate pair', [{ a: '\uD83D' }], /^column "a": row 1 holds half of a surrogate pair/],
  [
    'a row that no intake takes',
    [{ a: 'x' }, { a: 'x'.repeat(65_536) }],
    /^row 2 has 65544 bytes, and an event may/,
  ],
]
for (const [what, rows, message] of wrong) {
  test(`a sample is refused with its reason: ${what}`, () => {
    const { mistakes } = describeColumns(rows)
    assert.equal(mistakes.length, 1, mistakes.join('\n'))
    assert.match(mistakes[0]!, message)
  })
}

test('every mistake is told at once', () => {
  const { mistakes } = describeColumns([{ a: 1, b: [], c: null, d: 'fine' }, { a: 'x' }])
  assert.deepEqual(
    mistakes.map((text) => text.slice(0, 10)),
    ['column "a"', 'column "b"', 'column "c"'],
  )
})

test('a column is described by what its rows hold: lengths in characters, absent ones apart, order of numbers', () => {
  const { columns, mistakes } = describeColumns([
    { text: 'día 😀', n: 5, yes: true },
    { text: 'a', n: 7.5, yes: true },
    { text: 'a', n: 9, yes: null },
  ])
  assert.deepEqual(mistakes, [])
  const common = { missing: 0, whole: true, rising: false }
  assert.deepEqual(columns, [
    { ...common, name: 'text', kind: 'text', distinct: 2, repeats: true, least: 1, most: 5 },
    {
      ...common,
      name: 'n',
      kind: 'number',
      distinct: 3,
      repeats: false,
      least: 5,
      most: 9,
      whole: false,
      rising: true,
    },
    { ...common, name: 'yes', kind: 'truth', missing: 1, distinct: 1, repeats: true, least: 1, most: 1 },
  ])
})
