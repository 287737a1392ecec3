import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveState } from '../../lib/page-api.ts'
import { mergeLive, mergePipeline } from './merge.ts'

const state: LiveState = {
  pipeline: 'p',
  at: '1',
  total: 3,
  views: { a: { x: 1, y: 2 }, b: { z: 1 }, latest: [{ id: '1' }] },
}

test('a change replaces what it names, removes what is null, and leaves other views the same object', () => {
  const after = mergeLive(state, { at: '2', total: 5, changes: { a: { x: 9, y: null, w: 1 }, latest: [] } })!
  assert.deepEqual(after, {
    ...state,
    at: '2',
    total: 5,
    views: { a: { x: 9, w: 1 }, b: { z: 1 }, latest: [] },
  })
  assert.equal(after.views['b'], state.views['b'])
  assert.deepEqual(state.views['a'], { x: 1, y: 2 }, 'the state before is as it was')
})

test('a sign of life moves the time alone, and a full state replaces everything', () => {
  assert.deepEqual(mergeLive(state, { at: '2' }), { ...state, at: '2' })
  const full = { ...state, total: 0, views: {} }
  assert.equal(mergeLive(state, full), full)
})

test('changes without a state to change are left out', () => {
  assert.equal(mergeLive(undefined, { at: '2', total: 5 }), undefined)
  assert.equal(mergePipeline(undefined, { at: '2' }), undefined)
})

test('a name that JavaScript itself uses is a name like any other', () => {
  const after = mergeLive(state, {
    at: '2',
    changes: { a: JSON.parse('{"__proto__": 4}') as Record<string, number> },
  })!
  assert.equal(Object.entries(after.views['a']!).find(([key]) => key === '__proto__')?.[1], 4)
})
