// What `run` learns from the query service of the pipeline that it loads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from './until.ts'
import { startWeather } from './started.ts'
import { watchTarget, TargetError } from '../loadtest/target.ts'

const none = () => Promise.resolve()

test('a target tells what is missing, when it was drained, and how soon events were visible', async (t) => {
  const { running, load } = await startWeather(t)
  const query = new URL(running.queryUrl)
  const target = await watchTarget(query)
  const accepted = await load({ requests: 1_500, rate: 1_000, onAccepted: target.onAccepted }, none)
  const { missing, drainedMs, visibleMs } = await target.finish(accepted.size)
  assert.deepEqual(missing, { kafka: 0, mongodb: 0, redis: 0 })
  assert.ok(drainedMs !== undefined)
  for (const store of ['redis', 'mongodb'] as const) {
    const { samples, p50, p99 } = visibleMs[store]!
    assert.ok(samples > 0 && p50 > 0 && p50 <= p99 && p99 < 10_000, JSON.stringify(visibleMs))
  }

  const again = await watchTarget(query)
  // One more than there was: it is missing in each store, and is waited for.
  const finished = again.finish(1)
  const late = await load({ requests: 1, rate: 1 }, none)
  assert.equal(late.size, 1)
  assert.deepEqual((await finished).missing, { kafka: 0, mongodb: 0, redis: 0 })
})

test('where no query service is, the run says so at once', async (t) => {
  const { running } = await startWeather(t)
  const intake = new URL(running.intakes['api']!)
  await assert.rejects(watchTarget(intake), TargetError)
  running.processes['query']!.kill('SIGKILL')
  await until('the query service is gone', async () => {
    try {
      await watchTarget(new URL(running.queryUrl))
      return false
    } catch (cause) {
      return cause instanceof TargetError
    }
  })
})
