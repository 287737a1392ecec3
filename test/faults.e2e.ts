// Faults of stores and of time, each against a weather pipeline of its own.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createClient } from 'redis'
import { startProcess } from '../local/processes.ts'
import { findFreePort } from '../local/ports.ts'
import { projectRoot } from '../local/session.ts'
import { startRedis } from '../local/stack.ts'
import { hopArguments, nodeFlags } from '../pipelines/pipeline.ts'
import { defer } from './defer.ts'
import { startWeather, stores } from './started.ts'
import { until } from './until.ts'

test('a Redis that loses its last seconds of writes ends with what the log has', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-redis-'))
  defer(t, () => rm(dir, { recursive: true, force: true }))
  const redis = await startRedis({ dir })
  defer(t, () => redis.stop())
  const { load, assertBalanced } = await startWeather(t, { ...stores, redisUrl: redis.url })
  const client = createClient({ url: redis.url })
  await client.connect()

  const accepted = await load({ requests: 3_000, rate: 1_000 }, async () => {
    await until('some events are counted', async () => (await client.keys('*total')).length > 0, 10_000)
    await client.sendCommand(['SAVE'])
    client.destroy()
    const counted = Date.now()
    await until('a second of writes after the snapshot', () => Promise.resolve(Date.now() - counted > 1_000))
    redis.kill('SIGKILL')
    await redis.restart()
  })
  await assertBalanced(accepted)
})

test('an idle pipeline notices a Redis that lost everything, and rebuilds the views', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-redis-'))
  defer(t, () => rm(dir, { recursive: true, force: true }))
  const redis = await startRedis({ dir })
  defer(t, () => redis.stop())
  const { load, assertBalanced } = await startWeather(t, { ...stores, redisUrl: redis.url })
  const accepted = await load({ requests: 1_000, rate: 2_000 }, () => Promise.resolve())
  await assertBalanced(accepted)
  const client = createClient({ url: redis.url })
  await client.connect()
  await client.flushAll()
  client.destroy()
  await assertBalanced(accepted)
})

for (const hop of ['archiver', 'repair']) {
  test(`a ${hop} that freezes through a rebalance and then writes late doubles nothing`, async (t) => {
    const { pipeline, running, load, assertBalanced, lines } = await startWeather(t)
    const admin = `127.0.0.1:${await findFreePort()}`
    const accepted = await load({ requests: 18_000, rate: 1_000 }, async () => {
      running.processes[hop]!.kill('SIGSTOP')
      const second = await startProcess({
        name: `${hop}-2`,
        command: process.execPath,
        args: [
          ...nodeFlags,
          join(projectRoot, 'services/hop/main.ts'),
          ...hopArguments(pipeline, hop, { ...running.addresses, admin: () => admin }),
        ],
        log: (line) => lines.push(line),
        ready: `http://${admin}/healthz`,
        deadlineMs: 30_000,
      })
      defer(t, () => second.stop())
      // The frozen member is put out of the group when its session ends; then the second reads alone.
      await until(
        'the second instance has partitions',
        async () => {
          const page = await fetch(`http://${admin}/readyz`)
          return page.ok
        },
        30_000,
      )
      running.processes[hop]!.kill('SIGCONT')
    })
    assert.equal(accepted.size, 18_000)
    await assertBalanced(accepted)
  })
}
