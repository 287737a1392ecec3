import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FieldDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import type { LiveState } from '../lib/page-api.ts'
import type { View } from '../lib/views.ts'
import { changesBetween, commandOf, createLiveReader, parseReply } from './live.ts'

const field = FieldDescriptorProtoSchema.fields[0]!
const count: View = { kind: 'count', key: '{p}:count:a', fields: [field], maxKeys: 10 }
const latest: View = { kind: 'latest', key: '{p}:latest', size: 2 }
const rate: View = { kind: 'rate', key: '{p}:rate', seconds: 60 }

test('each kind of view is read with the command of its type', () => {
  assert.deepEqual(commandOf(count), ['HGETALL', '{p}:count:a'])
  assert.deepEqual(commandOf(latest), ['ZREVRANGE', '{p}:latest', '0', '1'])
  assert.deepEqual(commandOf({ ...count, kind: 'top' }), [
    'ZREVRANGE',
    '{p}:count:a',
    '0',
    '-1',
    'WITHSCORES',
  ])
  assert.deepEqual(commandOf({ ...count, kind: 'distinct' }), ['SMEMBERS', '{p}:count:a'])
})

test('counts become numbers, also under names that objects treat specially', () => {
  const counts = parseReply(count, ['x', '3', '__proto__', '4', 'constructor', '5'], 0)
  assert.equal(JSON.stringify(counts), '{"x":3,"__proto__":4,"constructor":5}')
})

test('a histogram has all its buckets, in their order', () => {
  const view: View = {
    kind: 'histogram',
    key: '{p}:h',
    field,
    bounds: [1, 2],
    labels: ['<1', '[1,2)', '>=2'],
  }
  assert.deepEqual(Object.entries(parseReply(view, ['>=2', '5', '<1', '1'], 0)), [
    ['<1', 1],
    ['[1,2)', 0],
    ['>=2', 5],
  ])
})

test('a rate forgets seconds that have left its window, even when no event comes', () => {
  assert.deepEqual(parseReply(rate, ['100', '1', '160', '2', '161', '3'], 160_999), { 160: 2, 161: 3 })
})

test('a distinct view is sorted, so that equal sets are equal lists', () => {
  assert.deepEqual(parseReply({ ...count, kind: 'distinct' }, ['b', 'a'], 0), ['a', 'b'])
})

test('all views are read by one call', async () => {
  const keys = { fences: '', positions: '', origins: '', total: '{p}:total', views: [count, latest, rate] }
  const read = createLiveReader('p', keys, (commands) => {
    assert.equal(commands.length, 4)
    return Promise.resolve(['12', ['x', '12'], ['{"id":"o-0-2"}', '{"id":"o-0-1"}'], []])
  })
  const { state, json } = await read()
  assert.equal(state.total, 12)
  assert.deepEqual(state.views, {
    'count:a': { x: 12 },
    latest: [{ id: 'o-0-2' }, { id: 'o-0-1' }],
    rate: {},
  })
  assert.deepEqual(JSON.parse(json), state)
})

test('an empty Redis is a total of 0, not an error', async () => {
  const keys = { fences: '', positions: '', origins: '', total: '{p}:total', views: [count] }
  const { state } = await createLiveReader('p', keys, () => Promise.resolve([null, []]))()
  assert.equal(state.total, 0)
  assert.deepEqual(state.views, { 'count:a': {} })
})

const stateOf = (total: number, views: LiveState['views']): LiveState => ({
  pipeline: 'p',
  at: `t${total}`,
  total,
  views,
})

test('changes hold only what moved: new counts, null for what is gone, lists whole', () => {
  const before = stateOf(1, { c: { same: 1, moved: 1, gone: 1 }, l: [{ id: '1' }], d: ['x'] })
  const after = stateOf(2, { c: { same: 1, moved: 2, fresh: 1 }, l: [{ id: '2' }], d: ['x'] })
  assert.deepEqual(changesBetween(before, after), {
    at: 't2',
    total: 2,
    changes: { c: { moved: 2, fresh: 1, gone: null }, l: [{ id: '2' }] },
  })
})

test('a count named like a property of every object is noticed when it is new', () => {
  const before = stateOf(0, { c: {} })
  const after = stateOf(0, {
    c: Object.fromEntries([
      ['toString', 1],
      ['__proto__', 2],
    ]),
  })
  assert.equal(JSON.stringify(changesBetween(before, after).changes), '{"c":{"toString":1,"__proto__":2}}')
})

test('two equal states differ in nothing but the time', () => {
  const state = stateOf(1, { c: { x: 1 }, l: [{ id: '1' }] })
  assert.deepEqual(changesBetween(state, { ...structuredClone(state), at: 'later' }), { at: 'later' })
})
