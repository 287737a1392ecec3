import assert from 'node:assert/strict'
import { test } from 'node:test'
import { perSecond, rank, shares } from './bars.ts'

test('the most comes first, equal counts in the order of their names', () => {
  assert.deepEqual(
    rank({ b: 2, a: 2, c: 4 }).map(({ key, part }) => [key, part]),
    [
      ['c', 1],
      ['a', 0.5],
      ['b', 0.5],
    ],
  )
  assert.deepEqual(rank({}), [])
})

test('shares are of all, and what has no slice of its own is one together', () => {
  const of = shares({ a: 5, b: 3, c: 1, d: 1 }, 2, 'rest')
  assert.deepEqual(of, [
    { key: 'a', count: 5, part: 0.5 },
    { key: 'b', count: 3, part: 0.3 },
    { key: 'rest', count: 2, part: 0.2 },
  ])
})

test('seconds without events are 0, and the second that is not over is left out', () => {
  assert.deepEqual(perSecond({ 7: 1, 9: 3, 10: 99 }, 10, 4), [0, 1, 0, 3])
})
