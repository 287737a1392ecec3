import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { defer } from '../../test/defer.ts'
import { createLog } from '../lib/log.ts'
import { parseOptions } from './options.ts'
import { openKafkaLog } from './kafka-log.ts'
import { createScene, found } from './test-scene.ts'

async function open(t: TestContext) {
  const scene = await createScene(t)
  const args = Object.entries(scene.options).flatMap(([name, value]) => [`--${name}`, value])
  const reader = openKafkaLog(parseOptions(args).kafka!, createLog({}))
  defer(t, () => reader.close())
  return { ...scene, reader }
}

const never = new AbortController().signal

test('the first calls may come together, before anything is known of the cluster', async (t) => {
  const { reader, appendOwn, name } = await open(t)
  await appendOwn(0, 1, 3)
  // The broker makes its topic of offsets when first asked for a group.
  await found(
    'the group coordinator',
    () => reader.committed(`${name}-x`).catch(() => false as const),
    20_000,
  )
  await reader.close()
  const [bounds, ...committed] = await Promise.all([
    reader.bounds(),
    reader.committed(`${name}-a`),
    reader.committed(`${name}-b`),
  ])
  assert.deepEqual(bounds.get(0), { low: 0n, high: 3n })
  assert.deepEqual(committed, [new Map(), new Map()])
})

test('a record is found across many fetches, within the bounds only', async (t) => {
  const { reader, append } = await open(t)
  const value = Buffer.alloc(10_000)
  for (let sent = 0; sent < 500; sent += 50)
    await append(Array.from({ length: 50 }, () => ({ partition: 1, value })))
  const at = (offset: string) => (record: { offset: string }) => record.offset === offset
  assert.equal(await reader.find(1, 0n, 500n, at('499'), never), 499n)
  assert.equal(await reader.find(1, 100n, 400n, at('99'), never), undefined)
  assert.equal(await reader.find(1, 100n, 400n, at('400'), never), undefined)
  assert.equal(await reader.find(1, 100n, 400n, at('100'), never), 100n)
  assert.equal(await reader.find(1, 0n, 500n, at('499'), AbortSignal.abort()), 'late')
})

test('a call that fails does not spoil the next', async (t) => {
  const { reader, appendOwn } = await open(t)
  await appendOwn(0, 1, 1)
  await assert.rejects(
    reader.find(99, 0n, 1n, () => true, never),
    /partition 99 has no leader/,
  )
  assert.equal(await reader.find(0, 0n, 1n, () => true, never), 0n)
  assert.equal((await reader.bounds()).get(0)?.high, 1n)
})
