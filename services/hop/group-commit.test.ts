import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { until } from '../../test/until.ts'
import { createGroupCommit, type Limits } from './group-commit.ts'

const limits: Limits = {
  maxBatchRecords: 10,
  maxBatchBytes: 1_000,
  maxQueueBytes: 10_000,
  maxQueueAgeMs: 60_000,
  returning: true,
}

type Named = { name: number; records: number; bytes: number }
const entry = (name: number, records = 1, bytes = 10): Named => ({ name, records, bytes })

/** A group commit whose batches stay out until `finish` is called. */
function withHeldBatches(lanes: number, change: Partial<Limits> = {}, wanted?: (entry: Named) => boolean) {
  const out: { lane: number; names: number[]; finish: () => void }[] = []
  const sent: { lane: number; names: number[] }[] = []
  const commit = createGroupCommit<Named>(
    lanes,
    { ...limits, ...change },
    (entries, lane) =>
      new Promise((resolve) => {
        const batch = { lane, names: entries.map(({ name }) => name) }
        assert.ok(!out.some((other) => other.lane === lane), `two batches of lane ${lane} are out`)
        sent.push(batch)
        const held = { ...batch, finish: () => (out.splice(out.indexOf(held), 1), resolve()) }
        out.push(held)
      }),
    wanted,
  )
  return { commit, out, sent, namesOf: () => sent.map(({ names }) => names) }
}

test('while a batch is out arrivals queue, and the queue becomes the next batch', async () => {
  const { commit, out, namesOf } = withHeldBatches(1)
  commit.offer(0, entry(1))
  commit.offer(0, entry(2))
  await until('the first batch is out', () => out.length === 1)
  for (const name of [3, 4, 5]) commit.offer(0, entry(name))
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  assert.deepEqual(namesOf(), [[1, 2]])
  out[0]!.finish()
  await until('the second batch is out', () => out.length === 1)
  assert.deepEqual(namesOf(), [
    [1, 2],
    [3, 4, 5],
  ])
})

test('what comes within the turns before a batch leaves still joins it', async () => {
  const { commit, namesOf, out } = withHeldBatches(1)
  commit.offer(0, entry(1))
  await nextTurn()
  commit.offer(0, entry(2))
  await until('the batch is out', () => out.length === 1)
  assert.deepEqual(namesOf(), [[1, 2]])
})

test('without turns a batch leaves at once', () => {
  const { commit, namesOf } = withHeldBatches(1, { returning: false })
  commit.offer(0, entry(1))
  assert.deepEqual(namesOf(), [[1]])
})

test('a lane that is stuck does not hold up another', async () => {
  const { commit, out, sent } = withHeldBatches(2)
  commit.offer(0, entry(1))
  commit.offer(1, entry(2))
  await until('both lanes are out', () => out.length === 2)
  commit.offer(0, entry(3))
  commit.offer(1, entry(4))
  out.find(({ lane }) => lane === 1)!.finish()
  await until('lane 1 goes on', () => sent.length === 3)
  assert.deepEqual(sent.at(-1), { lane: 1, names: [4] })
})

test('a batch is cut at its limits of records and bytes, and an entry above them goes alone', async () => {
  const { commit, out, namesOf } = withHeldBatches(1)
  const entries = [
    entry(1, 6),
    entry(2, 4),
    entry(3, 1),
    entry(4, 1, 990),
    entry(5, 1, 11),
    entry(6, 99),
    entry(7),
  ]
  for (const each of entries) assert.ok(commit.offer(0, each))
  const expected = [[1, 2], [3, 4], [5], [6], [7]]
  for (let n = 0; n < expected.length; n++) {
    await until(`batch ${n}`, () => out.length === 1)
    out[0]!.finish()
  }
  await commit.idle()
  assert.deepEqual(namesOf(), expected)
})

test('order is kept within a lane, over thousands of entries and random batch times', async () => {
  const sent: number[][] = [[], [], []]
  const commit = createGroupCommit<Named>(3, { ...limits, maxQueueBytes: 1e9 }, async (entries, lane) => {
    for (let turn = (sent[lane]!.length * 7) % 3; turn > 0; turn--) await nextTurn()
    sent[lane]!.push(...entries.map(({ name }) => name))
  })
  for (let name = 0; name < 3_000; name++) {
    commit.offer(name % 3, entry(name, 1 + (name % 4)))
    if (name % 100 === 0) await nextTurn()
  }
  await commit.idle()
  for (const [lane, names] of sent.entries()) {
    assert.deepEqual(
      names,
      Array.from({ length: 1_000 }, (_, n) => n * 3 + lane),
    )
  }
  assert.equal(commit.queuedBytes(), 0)
})

test('a full queue refuses an entry whole, counts what is in flight, and takes it once there is room', async () => {
  const { commit, out } = withHeldBatches(2, { maxQueueBytes: 100 })
  assert.ok(commit.offer(0, entry(1, 1, 60)))
  await until('the batch is out', () => out.length === 1)
  assert.ok(!commit.offer(1, entry(2, 1, 41)))
  assert.equal(commit.queuedBytes(), 60)
  assert.ok(commit.offer(1, entry(3, 1, 40)))
  assert.ok(!commit.offer(0, entry(4, 1, 1)))
  out[0]!.finish()
  await until('there is room', () => commit.queuedBytes() === 40)
  assert.ok(commit.offer(0, entry(5, 1, 60)))
})

test('a queue whose oldest entry is too old refuses new ones', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const { commit, out } = withHeldBatches(2, { maxQueueAgeMs: 500 })
  commit.offer(0, entry(1))
  await until('the batch is out', () => out.length === 1)
  assert.ok(commit.offer(0, entry(2)))
  t.mock.timers.tick(500)
  assert.ok(commit.offer(0, entry(3)))
  t.mock.timers.tick(1)
  assert.ok(!commit.offer(0, entry(4)))
  assert.ok(commit.offer(1, entry(5)), 'another lane is not old')
})

test('unwanted entries are dropped before a batch, take no room in it, and a batch of none is not sent', async () => {
  const unwanted = new Set([2, 3])
  const { commit, out, namesOf } = withHeldBatches(
    1,
    { maxBatchRecords: 2 },
    ({ name }) => !unwanted.has(name),
  )
  for (const name of [1, 2, 3, 4, 5]) commit.offer(0, entry(name))
  await until('the first batch is out', () => out.length === 1)
  for (const name of [5, 6]) unwanted.add(name)
  commit.offer(0, entry(6))
  out[0]!.finish()
  await commit.idle()
  assert.deepEqual(namesOf(), [[1, 4]])
  assert.equal(commit.queuedBytes(), 0)
})

test('idle resolves at once when nothing is queued, else when every lane is empty and nothing is out', async () => {
  const { commit, out } = withHeldBatches(2)
  await commit.idle()
  commit.offer(0, entry(1))
  commit.offer(1, entry(2))
  let idle = 0
  const waiting = [commit.idle().then(() => idle++), commit.idle().then(() => idle++)]
  await until('both are out', () => out.length === 2)
  out[0]!.finish()
  commit.offer(1, entry(3))
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  assert.equal(idle, 0)
  out[0]!.finish()
  await until('the last is out', () => out.length === 1)
  assert.equal(idle, 0)
  out[0]!.finish()
  await Promise.all(waiting)
  assert.equal(idle, 2)
})

test('a rest after each batch lets more join the next', async () => {
  const { commit, out, namesOf } = withHeldBatches(1, { returning: false, restMs: 40 })
  commit.offer(0, entry(1))
  out[0]!.finish()
  for (const name of [2, 3, 4]) {
    for (let turn = 0; turn < 3; turn++) await nextTurn()
    commit.offer(0, entry(name))
  }
  assert.deepEqual(namesOf(), [[1]])
  await until('the second batch', () => namesOf().length === 2)
  assert.deepEqual(namesOf(), [[1], [2, 3, 4]])
})
