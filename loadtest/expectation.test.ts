import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, parseExpectation } from './expectation.ts'
import { Tally } from './report.ts'

const tally = new Tally()
tally.answer(202, 98)
tally.answer(503, 1)
tally.fail('reset')
for (let ms = 1; ms <= 98; ms++) tally.latency(ms * 1_000)
const report = tally.report({ requests: 100, seconds: 2, cpuSeconds: 0, ended: 'complete' })

function met(text: string, of: Parameters<typeof judge>[1] = report): boolean {
  const expectation = parseExpectation(text)
  assert.ok(typeof expectation === 'object', JSON.stringify(expectation))
  return judge(expectation, of).met
}

test('an expectation is met on its side of the limit, and not on the other', () => {
  assert.deepEqual(
    [met('p50<50ms'), met('p50<49ms'), met('p50 <= 0.05s'), met('max>0.097s')],
    [true, false, true, true],
  )
  assert.deepEqual([met('rate>=49.5/s'), met('rate>49.5')], [true, false])
  assert.deepEqual(
    [met('accepted>=98%'), met('accepted>98'), met('errors<=2%'), met('errors<2%')],
    [true, false, true, false],
  )
})

test('what a run does not know is not met', () => {
  assert.deepEqual([met('redis.p99<1m'), met('missing<=0')], [false, false])
  const target = { missing: { mongodb: 0, redis: 0 }, visibleMs: { redis: { p50: 1, p99: 2, samples: 3 } } }
  assert.deepEqual(
    [met('redis.p99<3ms', { ...report, target }), met('missing<=0', { ...report, target })],
    [true, true],
  )
  assert.equal(met('p99<1h'.replace('1h', '60m'), { ...report, accepted: 0 }), false)
})

test('what is no expectation is refused with the reason', () => {
  assert.equal(parseExpectation('p99'), '"p99" is not like p99<50ms')
  assert.match(parseExpectation('p98<1ms') as string, /^"p98" is none of p50, p90, p99/)
  assert.equal(parseExpectation('p99<50'), '"p99" is a time: ms, s or m must follow 50')
  assert.equal(parseExpectation('rate>5ms'), '"rate" is not measured in ms')
})
