import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coalesce } from './coalesce.ts'

test('callers share the call that is out, and its result while it is young', async () => {
  let calls = 0
  let finish: (n: number) => void = () => assert.fail('nothing is out')
  const read = coalesce(60_000, () => {
    calls++
    return new Promise<number>((resolve) => (finish = resolve))
  })
  const both = Promise.all([read(), read()])
  finish(7)
  assert.deepEqual(await both, [7, 7])
  assert.equal(await read(), 7)
  assert.equal(calls, 1)
})

test('an old result is read again', async () => {
  let calls = 0
  const read = coalesce(0, () => Promise.resolve(++calls))
  assert.equal(await read(), 1)
  assert.equal(await read(), 2)
})

test('a failure reaches all who wait and is not kept', async () => {
  let calls = 0
  const read = coalesce(60_000, () =>
    ++calls === 1 ? Promise.reject(new Error('away')) : Promise.resolve(calls),
  )
  const first = read()
  await assert.rejects(read(), /away/)
  await assert.rejects(first, /away/)
  assert.equal(await read(), 2)
})
