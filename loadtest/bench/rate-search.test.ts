import assert from 'node:assert/strict'
import { test } from 'node:test'
import { narrow, nextRate, type Bounds } from './rate-search.ts'

/** Searches against a limit, and returns the bounds and how many rates were tried. */
function search(limit: number, closeEnough: number): { bounds: Bounds; tries: number } {
  let bounds: Bounds = {}
  let tries = 0
  for (let rate = nextRate(bounds, closeEnough); rate !== undefined; rate = nextRate(bounds, closeEnough)) {
    bounds = narrow(bounds, rate, rate <= limit)
    tries++
  }
  return { bounds, tries }
}

test('the search ends close below the limit, wherever that is', () => {
  for (const limit of [130, 700, 2_000, 9_000, 31_000, 250_000]) {
    const { bounds, tries } = search(limit, 1.15)
    assert.ok(bounds.held! <= limit && bounds.held! * 1.16 > limit, `${limit}: ${bounds.held}`)
    assert.ok(tries <= 17, `${limit}: ${tries} tries`)
  }
})

test('a search that may be coarse takes no step between', () => {
  assert.deepEqual(search(9_000, 1.5), { bounds: { held: 6_750, failed: 10_125 }, tries: 5 })
})

test('when nothing holds, nothing is found', () => {
  assert.equal(search(0, 1.15).bounds.held, undefined)
})
