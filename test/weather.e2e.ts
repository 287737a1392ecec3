import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killAndRestart, startWeather } from './started.ts'

test('2,000 accepted events are in Kafka, MongoDB and Redis once, and every view is right', async (t) => {
  const { load, assertBalanced } = await startWeather(t)
  const accepted = await load({ requests: 2_000, rate: 4_000 }, () => Promise.resolve())
  assert.equal(accepted.size, 2_000)
  const ledger = await assertBalanced(accepted)
  assert.equal(ledger.kafka, 2_000)
  assert.equal(ledger.unacknowledged, 0)
})

for (const hop of ['api', 'publisher', 'live-writer', 'archiver', 'repair']) {
  test(`SIGKILL and restart of ${hop} under load loses and doubles nothing`, async (t) => {
    const { running, load, assertBalanced } = await startWeather(t)
    const accepted = await load({ requests: 3_000, rate: 1_000 }, () => killAndRestart(running, hop))
    assert.ok(accepted.size > 500, `only ${accepted.size} were accepted`)
    await assertBalanced(accepted)
  })
}

test('an intake that is killed between the log and the fast path leaves no event uncounted', async (t) => {
  const { running, load, assertBalanced } = await startWeather(t)
  // Without the live writer nothing passes the fast path; what the log has must come from the repair hop.
  running.processes['live-writer']!.kill('SIGKILL')
  await running.processes['live-writer']!.exited
  const accepted = await load({ requests: 500, rate: 1_000 }, () => Promise.resolve())
  running.processes['api']!.kill('SIGKILL')
  await running.processes['api']!.exited
  assert.equal(accepted.size, 500)
  await assertBalanced(accepted)
})
