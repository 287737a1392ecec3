import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeTurns } from './turns.ts'

test('contestants take turns, every second round backwards, and keep their results in the order of the rounds', async () => {
  const calls: string[] = []
  const measure = (name: string) => Promise.resolve(calls.push(name))
  const results = await takeTurns(2, ['0', 'a', 'b'], measure, () => undefined)
  assert.deepEqual(calls, ['0', 'a', 'b', 'b', 'a', '0'])
  assert.deepEqual(results, { 0: [1, 6], a: [2, 5], b: [3, 4] })
})
