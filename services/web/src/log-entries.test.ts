import assert from 'node:assert/strict'
import { test } from 'node:test'
import { append, prepend, type Entry } from './log-entries.ts'

const entries = (...ids: number[]) => ids.map((id): Entry => ({ id: String(id), time: '', route: '' }))
const ids = (list: Entry[]) => list.map(({ id }) => Number(id))
const held = { list: entries(5, 4, 3), next: 'c' }

test('what is newer comes first, once, and the older cursor stays', () => {
  const { list, next, added } = prepend(held, { events: entries(7, 6, 5, 4), next: 'x' })
  assert.deepEqual([ids(list), next, added], [[7, 6, 5, 4, 3], 'c', 2])
})

test('nothing newer leaves the list the same object', () => {
  const after = prepend(held, { events: entries(5, 4), next: 'x' })
  assert.equal(after.list, held.list)
  assert.equal(after.added, 0)
})

test('a page that does not touch what is held replaces it, so that the list has no hole', () => {
  const { list, next } = prepend(held, { events: entries(99, 98), next: 'n' })
  assert.deepEqual([ids(list), next], [[99, 98], 'n'])
})

test('an older page goes behind, with its own cursor', () => {
  const { list, next } = append(held, { events: entries(2, 1), next: null })
  assert.deepEqual([ids(list), next], [[5, 4, 3, 2, 1], null])
})
