import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LoadReport } from '../report.ts'
import { checkReport, joinReports } from './senders.ts'

const report: LoadReport = {
  sent: 1_010,
  accepted: 1_000,
  left: 5,
  byStatus: { 202: 1_000 },
  errors: { unanswered: 10 },
  seconds: 2,
  requestsPerSecond: 500,
  latencyMs: { p50: 1, p90: 1, p99: 1, p999: 1, max: 1 },
  eachSecond: [],
  late: 0,
  senderBusy: 0.4,
  ended: 'timeout',
}

test('senders that run side by side add up', () => {
  assert.deepEqual(joinReports([report, report]), { accepted: 2_000, perSecond: 1_000, cpu: 0.8 })
})

test('what is under way when the time ends is no failure; a refusal or a broken connection is', () => {
  assert.doesNotThrow(() => checkReport(report))
  assert.throws(() => checkReport({ ...report, byStatus: { 202: 1_000, 503: 2 } }), /503 2/)
  assert.throws(() => checkReport({ ...report, errors: { reset: 1 } }), /reset 1/)
  assert.throws(() => checkReport({ ...report, ended: 'unreachable' }), /unreachable/)
})
