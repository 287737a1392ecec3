import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrivalsOf } from './arrivals.ts'

test('a stage has as many requests as the area below its rate', () => {
  assert.equal(arrivalsOf([{ seconds: 10, rate: 100 }]).total, 500)
  const stages = [
    { seconds: 10, rate: 100 },
    { seconds: 5, rate: 100 },
    { seconds: 10, rate: 0 },
  ]
  assert.equal(arrivalsOf(stages).total, 1_500)
})

test('requests of a ramp come closer and closer, those of a plateau evenly, and each has its time', () => {
  const { dueMs } = arrivalsOf([
    { seconds: 10, rate: 100 },
    { seconds: 5, rate: 100 },
    { seconds: 10, rate: 0 },
  ])
  const about = (n: number, ms: number) => assert.ok(Math.abs(dueMs(n) - ms) < 1e-6, `${n}: ${dueMs(n)}`)
  about(0, 0)
  // t²/2 · 10 = 125 at 5 s.
  about(125, 5_000)
  about(500, 10_000)
  about(501, 10_010)
  about(750, 12_500)
  about(1_000, 15_000)
  // The last of the way down: a quarter of the area is left when half of the time is.
  about(1_375, 20_000)
  const times = Array.from({ length: 1_500 }, (_, n) => dueMs(n))
  assert.ok(times.every((ms, n) => n === 0 || ms >= times[n - 1]!))
  assert.ok(times.at(-1)! < 25_000)
})

test('after the last stage its rate goes on; after one that ends at 0 nothing is due', () => {
  assert.equal(arrivalsOf([{ seconds: 2, rate: 50 }]).dueMs(60), 2_000 + 200)
  assert.equal(
    arrivalsOf([
      { seconds: 2, rate: 50 },
      { seconds: 2, rate: 0 },
    ]).dueMs(100),
    Infinity,
  )
})
