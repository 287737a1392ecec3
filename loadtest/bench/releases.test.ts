import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withReleases } from './releases.ts'

test('what was started last is released first, and the result comes after that', async () => {
  const order: number[] = []
  const result = await withReleases((defer) => {
    for (const step of [1, 2, 3]) defer(() => Promise.resolve(order.push(step)))
    return Promise.resolve('done')
  })
  assert.equal(result, 'done')
  assert.deepEqual(order, [3, 2, 1])
})

test('one failed release does not skip the others, and is reported', async () => {
  let released = false
  const use = withReleases((defer) => {
    defer(() => Promise.resolve((released = true)))
    defer(() => Promise.reject(new Error('stuck')))
    return Promise.resolve()
  })
  await assert.rejects(use, /stuck/)
  assert.ok(released)
})

test('the failure of the measurement comes before those of its releases', async () => {
  const use = withReleases((defer) => {
    defer(() => Promise.reject(new Error('stuck')))
    return Promise.reject(new Error('wrong count'))
  })
  await assert.rejects(use, /wrong count/)
})
