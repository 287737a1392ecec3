// The pipeline whose log is MongoDB: two ways in, fast paths to the views, and the repair that reads the log back.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { MongoClient } from 'mongodb'
import { createClient } from 'redis'
import { audit } from '../local/audit.ts'
import { waitUntilDrained } from '../local/drained.ts'
import { startRedis } from '../local/stack.ts'
import { pipeline as covid } from '../pipelines/covid.ts'
import { EVENTS_COLLECTION } from '../services/lib/mongo.ts'
import { viewsOf } from '../services/lib/views.ts'
import { loadEventType } from '../services/lib/event-type.ts'
import { defer } from './defer.ts'
import { servers } from './servers.ts'
import { killAndRestart, OUTAGE_MS, startOwn, stores, WARM_UP_MS } from './started.ts'
import { until } from './until.ts'

const none = () => Promise.resolve()
/** The pipeline without Kafka, also where the tests have one. */
const on = { ...stores, kafkaBrokers: '' }

async function ownRedis(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-redis-'))
  defer(t, () => rm(dir, { recursive: true, force: true }))
  const redis = await startRedis({ dir })
  defer(t, () => redis.stop())
  const client = createClient({ url: redis.url })
  client.on('error', () => {})
  await client.connect()
  defer(t, () => client.destroy())
  return { redis, client }
}

test('both intakes of covid fill the log without Kafka, and every document names its route', async (t) => {
  const { pipeline, running, load, assertBalanced } = await startOwn(t, covid, on)
  const accepted = await load({ requests: 2_000, rate: 4_000 }, none)
  assert.equal(accepted.size, 2_000)
  const ledger = await assertBalanced(accepted)
  assert.deepEqual([ledger.mongodb, ledger.redis, ledger.unacknowledged], [2_000, 2_000, 0])
  assert.equal('kafka' in ledger, false)

  const mongo = await new MongoClient(servers.mongoUrl).connect()
  defer(t, () => mongo.close())
  const routes: string[] = await mongo.db(pipeline.database).collection(EVENTS_COLLECTION).distinct('route')
  assert.deepEqual(routes.toSorted(), ['api-grpc', 'api-pubsub'])

  const [id] = accepted
  const receipt = (await (await fetch(`${running.queryUrl}/events/${id}`)).json()) as Record<string, object>
  assert.deepEqual([receipt['id'], receipt['redis']], [id, { counted: true }])
  const shown = (await (await fetch(`${running.queryUrl}/ledger`)).json()) as Record<string, object>
  assert.deepEqual(shown['mongodb'], { documents: 2_000 })
  const { events } = (await (await fetch(`${running.queryUrl}/logs?limit=5`)).json()) as { events: object[] }
  assert.equal(events.length, 5)
})

for (const hop of ['api-grpc', 'writer', 'repair']) {
  test(`SIGKILL and restart of ${hop} under load loses and doubles nothing`, async (t) => {
    const { running, load, assertBalanced } = await startOwn(t, covid, on)
    const accepted = await load({ requests: 3_000, rate: 1_000, intake: 'api-grpc' }, () =>
      killAndRestart(running, hop),
    )
    assert.ok(accepted.size > 500, `only ${accepted.size} were accepted`)
    await assertBalanced(accepted)
  })
}

test('what a channel loses with its subscriber the audit calls lost, and the views equal the log', async (t) => {
  const { pipeline, running, load } = await startOwn(t, covid, on)
  const accepted = await load({ requests: 4_000, rate: 2_000, intake: 'api-pubsub' }, async () => {
    await pause(WARM_UP_MS)
    // A frozen subscriber is one that Redis believes to have all that it is sent.
    running.processes['subscriber']!.kill('SIGSTOP')
    await pause(OUTAGE_MS)
    running.processes['subscriber']!.kill('SIGKILL')
    await running.processes['subscriber']!.exited
    await running.restart('subscriber')
  })
  const stored = async () => audit(pipeline, on, accepted)
  await until(
    'the views equal the log',
    async () => (await stored()).redis === (await stored()).mongodb,
    60_000,
  )
  const ledger = await stored()
  assert.ok(ledger.lost > 0, 'nothing was lost, so this shows nothing')
  assert.equal(ledger.mongodb + ledger.lost, accepted.size + ledger.unacknowledged)
  assert.equal(ledger.doubled, 0)
  assert.equal(ledger.balanced, false)
  assert.ok(ledger.differences.every((text) => text.endsWith('accepted, but not in the log')))
})

test('an idle pipeline notices a Redis that lost everything, and rebuilds the views from MongoDB', async (t) => {
  const { redis, client } = await ownRedis(t)
  const { load, assertBalanced } = await startOwn(t, covid, { ...on, redisUrl: redis.url })
  const accepted = await load({ requests: 1_000, rate: 2_000 }, none)
  await assertBalanced(accepted)
  await client.flushAll()
  await assertBalanced(accepted)
})

test('a Redis that loses its last seconds of writes ends with what MongoDB has', async (t) => {
  const { redis, client } = await ownRedis(t)
  const { load, assertBalanced } = await startOwn(t, covid, { ...on, redisUrl: redis.url })
  // Not the channel: it loses what is published while Redis is away.
  const accepted = await load({ requests: 3_000, rate: 1_000, intake: 'api-grpc' }, async () => {
    await until('some events are counted', async () => (await client.keys('*total')).length > 0, 10_000)
    await client.sendCommand(['SAVE'])
    await pause(1_500)
    redis.kill('SIGKILL')
    await redis.restart()
  })
  await assertBalanced(accepted)
})

test('what Redis loses after the last event is noticed without another one', async (t) => {
  const { redis, client } = await ownRedis(t)
  const { pipeline, load, assertBalanced } = await startOwn(t, covid, { ...on, redisUrl: redis.url })
  await load({ requests: 500, rate: 2_000 }, none)
  const { positions } = viewsOf(loadEventType(pipeline.event).schema, pipeline.name)
  await until('the repair has looked', async () => (await client.exists(positions)) === 1, 10_000)
  await client.sendCommand(['SAVE'])
  const before = await client.hGetAll(positions)
  const accepted = await load({ requests: 500, rate: 2_000, intake: 'api-grpc' }, none)
  await waitUntilDrained(pipeline, { ...on, redisUrl: redis.url }, 1_000, 30_000)
  await until(
    'the repair has looked again',
    async () => JSON.stringify(await client.hGetAll(positions)) !== JSON.stringify(before),
    10_000,
  )
  redis.kill('SIGKILL')
  await redis.restart()
  const drained = await waitUntilDrained(pipeline, { ...on, redisUrl: redis.url }, 1_000, 30_000)
  assert.equal(drained.complete, true)
  await assertBalanced(accepted)
})
