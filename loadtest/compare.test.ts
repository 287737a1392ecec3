import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareRuns } from './compare.ts'

const run = (accepted: number[], p99Ms = 10) => ({
  eachSecond: accepted.map((count) => ({ accepted: count, p50Ms: 1, p99Ms, maxMs: 20 })),
})
const verdictOf = (name: string, ...[before, now]: Parameters<typeof compareRuns>) =>
  compareRuns(before, now).find((change) => change.name === name)?.verdict

test('a change is one only beyond what the seconds of a run differ', () => {
  const before = run([900, 1_000, 1_000, 1_100, 1_200])
  assert.equal(verdictOf('accepted', before, run([1_050, 1_050, 1_100, 1_090, 1_100])), 'within the noise')
  assert.equal(verdictOf('accepted', before, run([1_250, 1_250, 1_300, 1_290, 1_300])), 'better')
  assert.equal(verdictOf('accepted', before, run([750, 750, 700, 790, 700])), 'worse')
})

test('less of a latency is better', () => {
  const [slow, fast] = [run([1, 1, 1, 1], 20), run([1, 1, 1, 1], 10)]
  assert.equal(verdictOf('p99', slow, fast), 'better')
  assert.equal(verdictOf('p99', fast, slow), 'worse')
  assert.equal(verdictOf('p50', fast, slow), 'within the noise')
})

test('of a few seconds nothing is said', () => {
  assert.equal(verdictOf('p99', run([1, 1, 1]), run([1, 1, 1, 1])), 'too short to say')
})
