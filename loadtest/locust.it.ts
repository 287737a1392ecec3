import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { closedAddress, startIntake } from './intake-fixture.ts'
import { runLocust } from './locust.ts'

const folder = mkdtempSync(join(tmpdir(), 'freshet-locust-it-'))
after(() => rmSync(folder, { recursive: true }))
const rows = Array.from({ length: 7 }, (_, i) => ({ text: `lluvia número ${i} ☔`, country: 'España' }))
const file = join(folder, 'rows.ndjson')
writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'))
const defaults = { file, concurrence: 5, spawnRate: 5, timeoutMs: 60_000 }
const wait = { timeout: 300_000 } // the first run installs Locust

test(
  'Locust sends exactly n requests over the rows and counts mixed answers like the own sender',
  wait,
  async (t) => {
    const intake = await startIntake(t, (nth, request, response) => {
      if (nth % 50 === 10) response.writeHead(400).end()
      else if (nth % 50 === 20) response.writeHead(503, { 'retry-after': '1' }).end()
      else if (nth === 30) request.socket.resetAndDestroy()
      else if (nth === 40) request.socket.end()
      else return false
      return true
    })
    const report = await runLocust({ ...defaults, host: intake.url, requests: 300 })
    assert.deepEqual(report.byStatus, { 202: 286, 400: 6, 503: 6 })
    assert.deepEqual(report.errors, { reset: 1, closed: 1 })
    assert.deepEqual([report.sent, report.accepted, report.left, report.ended], [300, 286, 0, 'complete'])
    assert.ok(report.latencyMs.p50 > 0 && report.requestsPerSecond > 0)
    const sent = intake.bodies.map((body) => JSON.parse(body.replace('POST /input ', '')) as { text: string })
    const counts = rows.map(({ text }) => sent.filter((row) => row.text === text).length)
    assert.deepEqual(counts, [43, 43, 43, 43, 43, 43, 42], 'nothing is sent twice')
  },
)

test('Locust stops at the timeout and says what was left', wait, async (t) => {
  const intake = await startIntake(t, (nth) => nth > 20)
  const report = await runLocust({ ...defaults, timeoutMs: 1_500, host: intake.url, requests: 100 })
  assert.deepEqual([report.ended, report.accepted, report.sent, report.left], ['timeout', 20, 25, 75])
  assert.deepEqual(report.errors, { unanswered: 5 })
})

test('Locust without an intake stops at once', wait, async () => {
  const report = await runLocust({ ...defaults, host: await closedAddress(), requests: 1_000 })
  assert.equal(report.ended, 'unreachable')
  assert.deepEqual(Object.keys(report.errors), ['connection refused'])
})

test('an interrupt before Locust has begun is a run of which nothing was sent', wait, async (t) => {
  const intake = await startIntake(t)
  const report = await runLocust({
    ...defaults,
    host: intake.url,
    requests: 100,
    signal: AbortSignal.abort(),
  })
  assert.deepEqual([report.ended, report.sent, report.left, intake.bodies.length], ['interrupted', 0, 100, 0])
})

test('Locust keeps a rate', wait, async (t) => {
  const intake = await startIntake(t)
  const report = await runLocust({ ...defaults, rate: 50, host: intake.url, requests: 100 })
  assert.equal(report.accepted, 100)
  assert.ok(report.seconds > 1.9 && report.seconds < 4, `${report.seconds}`)
})

test('an interrupt stops Locust with what is known', wait, async (t) => {
  const intake = await startIntake(t, (nth) => nth > 20)
  const stop = new AbortController()
  const onProgress = ({ accepted }: { accepted: number }) => accepted === 20 && stop.abort()
  const report = await runLocust({
    ...defaults,
    host: intake.url,
    requests: 100,
    signal: stop.signal,
    onProgress,
  })
  assert.deepEqual([report.ended, report.accepted, report.sent + report.left], ['interrupted', 20, 100])
})
