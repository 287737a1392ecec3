import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quartersOf } from './memory.ts'

test('the second and the last quarter of the time are averaged, and the most is of all', () => {
  const bytes = [10, 90, 20, 30, 40, 50, 60, 80]
  const samples = bytes.map((size, index) => ({ atMs: index * 100, bytes: size }))
  assert.deepEqual(quartersOf(samples, 800), { most: 90, second: 25, last: 70 })
})

test('too few samples are said so', () => {
  assert.throws(() => quartersOf([{ atMs: 0, bytes: 1 }], 800), /no sample/)
})
