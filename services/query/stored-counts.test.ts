import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LOG_OVERLAP_MS } from '../lib/mongo.ts'
import { createStoredCounts } from './stored-counts.ts'

type Stored = { at: number; place: string; state: string }

/** A log in memory, read as MongoDB is, and how many events each look has read. */
function sceneOf(log: Stored[], maxKeys = 100) {
  const clock = { nowMs: 0 }
  const reads: number[] = []
  const counts = createStoredCounts({
    fields: [
      { name: 'place', maxKeys },
      { name: 'state', maxKeys },
    ],
    countGroups: (_fields, from, to) => {
      const found = log.filter(({ at }) => at >= from.getTime() && (!to || at < to.getTime()))
      reads.push(found.length)
      return Promise.resolve(found.map(({ place, state }) => ({ values: [place, state], count: 1 })))
    },
    firstAt: () => Promise.resolve(log[0] && new Date(log[0].at)),
    countDocuments: () => Promise.resolve(log.length),
    nowMs: () => clock.nowMs,
  })
  return { clock, reads, counts }
}

/** Looks until all of the past is kept. */
async function lookOften({ counts, clock }: ReturnType<typeof sceneOf>) {
  for (let times = 0; times < 20; times++) {
    await counts.look()
    clock.nowMs++
  }
}
const random = (() => {
  let seed = 7
  return (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
})()

test('the counts are those of the log, also while it grows and events become visible late', async () => {
  const log: Stored[] = []
  const scene = sceneOf(log)
  const late: Stored[] = []
  for (let round = 0; round < 200; round++) {
    scene.clock.nowMs += random(20_000)
    for (let n = random(5); n >= 0; n--) {
      const event = { at: scene.clock.nowMs, place: `p${random(9)}`, state: `s${random(3)}` }
      ;(random(4) === 0 ? late : log).push(event)
    }
    // An insert is seen before the overlap is over.
    for (const event of late.filter(({ at }) => scene.clock.nowMs - at > LOG_OVERLAP_MS / 2)) {
      if (scene.clock.nowMs - event.at < LOG_OVERLAP_MS) log.push(event)
      late.splice(late.indexOf(event), 1)
    }
    await scene.counts.look()
  }
  await lookOften(scene)
  const expected: Record<string, number> = {}
  for (const { place } of log) expected[place] = (expected[place] ?? 0) + 1
  assert.deepEqual(scene.counts.views()['mongodb:place'], expected)
})

test('a look reads what was stored of late, and not the log again', async () => {
  const log = Array.from({ length: 1_000 }, (_, n) => ({ at: n * 1_000, place: 'a', state: 'b' }))
  const scene = sceneOf(log)
  scene.clock.nowMs = 1_000_000
  await lookOften(scene)
  scene.reads.length = 0
  log.push({ at: scene.clock.nowMs, place: 'a', state: 'b' })
  await scene.counts.look()
  assert.ok(scene.reads.reduce((sum, count) => sum + count, 0) <= 100, scene.reads.join())
  assert.deepEqual(scene.counts.views()['mongodb:state'], { b: 1_001 })
})

test('a log that did not grow is not read', async () => {
  const scene = sceneOf([{ at: 0, place: 'a', state: 'b' }])
  await lookOften(scene)
  scene.reads.length = 0
  await scene.counts.look()
  assert.deepEqual(scene.reads, [])
})

test('invented values beyond the most count together', async () => {
  const log = Array.from({ length: 5 }, (_, n) => ({ at: 0, place: `p${n}`, state: 'b' }))
  const scene = sceneOf(log, 2)
  await scene.counts.look()
  assert.deepEqual(scene.counts.views()['mongodb:place'], { p0: 1, p1: 1, '(other)': 3 })
})
