import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linearAxis, logAxis } from './axes.ts'

test('a linear axis goes from 0 to a round number above all values', () => {
  assert.deepEqual(linearAxis([9_500, 12_000]).ticks, [0, 2_500, 5_000, 7_500, 10_000, 12_500])
  assert.deepEqual(linearAxis([0.3]).ticks, [0, 0.1, 0.2, 0.3])
  assert.deepEqual(linearAxis([0]).ticks.at(0), 0)
  const { at } = linearAxis([100])
  assert.deepEqual([at(0), at(25), at(100)], [0, 0.25, 1])
})

test('a logarithmic axis goes from a round number below all values to one above', () => {
  assert.deepEqual(logAxis([0.21, 4]).ticks, [0.2, 0.5, 1, 2, 5])
  assert.deepEqual(logAxis([0.2, 1_810]).ticks, [1, 10, 100, 1_000])
  assert.deepEqual(logAxis([2, 2]).ticks, [2, 5])
  const { at } = logAxis([1, 100])
  assert.deepEqual([at(1), at(10), at(100)], [0, 0.5, 1])
})

test('of any values none is beyond its axis', () => {
  for (let power = -6; power <= 9; power++) {
    for (const factor of [1, 1.0001, 1.999, 2, 3.3, 5, 9.999]) {
      const value = factor * 10 ** power
      for (const axis of [linearAxis([value]), logAxis([value / 7, value])]) {
        assert.ok(axis.at(value) <= 1 + 1e-9 && axis.at(value) >= 0, `${value}: ${axis.at(value)}`)
        assert.ok(axis.ticks.length >= 2 && axis.ticks.length <= 8, `${value}: ${axis.ticks.join(' ')}`)
      }
    }
  }
})
