import assert from 'node:assert/strict'
import { test } from 'node:test'
import { medianOf, percentileOf, ratiosOf, spreadOf } from './statistics.ts'

test('the median is the middle, or the mean of the two in the middle', () => {
  assert.equal(medianOf([9, 1, 5]), 5)
  assert.equal(medianOf([4, 1, 3, 2]), 2.5)
  assert.ok(Number.isNaN(medianOf([])))
})

test('the spread is from the least to the most', () => {
  assert.deepEqual(spreadOf([3, 10, 2]), { median: 3, least: 2, most: 10 })
})

test('a percentile is a value that was measured', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  assert.equal(percentileOf(hundred, 99), 99)
  assert.equal(percentileOf(hundred, 100), 100)
  assert.equal(percentileOf([7], 50), 7)
  assert.ok(Number.isNaN(percentileOf([], 99)))
})

test('ratios are taken round by round', () => {
  assert.deepEqual(ratiosOf([10, 30], [20, 30]), [0.5, 1])
  assert.throws(() => ratiosOf([1], [1, 2]), /no pairs/)
})
