import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from 'node:test'
import { startWeather } from './started.ts'

/** Long enough for a client and a hop to notice, and for the queue to grow. */
const OUTAGE_MS = 300
const WARM_UP_MS = 500

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
    const accepted = await load({ requests: 3_000, rate: 1_000 }, async () => {
      await pause(WARM_UP_MS)
      running.processes[hop]!.kill('SIGKILL')
      await running.processes[hop]!.exited
      await pause(OUTAGE_MS)
      await running.restart(hop)
    })
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
