// What a batch does to the live views in a real Redis, and what it must leave alone. Redis away, restarted or silent:
// redis-away.it.ts. Random interleavings of everything: view-script.it.ts. Long, because all share one scene.
import { create, type JsonObject } from '@bufbuild/protobuf'
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { BatchSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { defer } from '../../../test/defer.ts'
import { servers } from '../../../test/servers.ts'
import { viewsOf } from '../../lib/views.ts'
import { joinEvents, splitEvents } from '../../lib/wire.ts'
import { Verdict, type Batch, type Run } from '../batch.ts'
import { createHopMetrics } from '../metrics.ts'
import { createViewWriter } from './view-writer.ts'
import {
  batchOf,
  connectRedis,
  eventsOf,
  LATEST,
  openRedisSink,
  logBatchOf,
  MAX_KEYS,
  quiet,
  randomFrom,
  RATE_SECONDS,
  START_US,
  votes,
  readViews,
  recount,
  runOf,
  voteType,
  type Event,
  type RunInit,
} from './view-samples.ts'

const NOWHERE = Number.MAX_SAFE_INTEGER
const logName = 'messages-0'

/** A pipeline of its own on the shared Redis, and a sink that keeps its views. */
async function createScene(t: TestContext) {
  const pipeline = `it-${randomUUID()}`
  const keys = viewsOf(voteType.schema, pipeline)
  const redis = await connectRedis(servers.redisUrl)
  defer(t, () => redis.destroy())
  const names = async () => (await redis.keys(`{${pipeline}}:*`)).toSorted()
  defer(t, async () => redis.unlink(['none', ...(await names())]))
  const metrics = createHopMetrics(pipeline, 'test')
  const messages: string[] = []
  const log = { ...quiet, info: (message: string) => void messages.push(message) }
  const openSink = () => openRedisSink(t, servers.redisUrl, pipeline, metrics, log)
  const sink = await openSink()
  const write = async (batch: Batch, verdict: Verdict = Verdict.STORED) => {
    const outcome = await sink.write(batch)
    assert.equal(outcome.verdict, verdict, outcome.reason)
    return outcome
  }
  return {
    pipeline,
    keys,
    redis,
    metrics,
    messages,
    openSink,
    write,
    names,
    fences: () => redis.hGetAll(keys.fences),
    origins: () => redis.hGetAll(keys.origins),
    position: async () => Number((await redis.hGet(keys.positions, logName)) ?? 0),
    /** Every byte of every key. */
    dump: async () => {
      const all = await names()
      return Promise.all(
        all.map(async (key) => [key, (await redis.sendCommand(['DUMP', key])) as unknown as string]),
      )
    },
    assertViews: async (events: Event[]) =>
      assert.deepEqual(await readViews(redis, keys), recount(keys, events)),
  }
}

async function metricOf(metric: { get(): Promise<{ values: { value: number }[] }> }): Promise<number> {
  return (await metric.get()).values.reduce((sum, { value }) => sum + value, 0)
}

test('every documented key has its name and its type, and there is no other', async (t) => {
  const { keys, redis, write, names, assertViews } = await createScene(t)
  const init = votes('o', 1, 7)
  await write(logBatchOf(0, [runOf(init)]))
  const pipeline = keys.total.slice(0, -'total'.length)
  const types = {
    'count:country': 'hash',
    'count:country+city': 'hash',
    'distinct:country': 'set',
    fences: 'hash',
    'histogram:age': 'hash',
    latest: 'zset',
    origins: 'hash',
    positions: 'hash',
    rate: 'hash',
    'top:country': 'zset',
    total: 'string',
  }
  const found = await names()
  assert.deepEqual(
    Object.fromEntries(
      await Promise.all(
        found.map(async (key) => [key.slice(pipeline.length), await redis.type(key)] as const),
      ),
    ),
    types,
  )
  assert.equal(await redis.get(`${pipeline}total`), '7')
  assert.deepEqual({ ...(await redis.hGetAll(`${pipeline}fences`)) }, { 'o-0': '7' })
  assert.deepEqual({ ...(await redis.hGetAll(`${pipeline}positions`)) }, { [logName]: '7' })
  assert.deepEqual({ ...(await redis.hGetAll(`${pipeline}origins`)) }, { 'o-0': `${logName}:6` })
  await assertViews(eventsOf(init))
})

test('ten thousand invented countries leave max_keys keys, and the rest counts under (other)', async (t) => {
  const { keys, redis, metrics, write } = await createScene(t)
  // Each country twice, so that those that were admitted come again when the view is full.
  for (let seq = 1; seq <= 20_000; seq += 2_000) {
    const numbers = Array.from({ length: 2_000 }, (_, n) => seq + n)
    const documents = numbers.map((n) => ({ country: `land ${n % 10_000}`, city: 'x', age: 20 }))
    await write(
      batchOf(runOf({ origin: 'o', firstSeq: seq, timesUs: numbers.map(() => START_US), documents })),
    )
  }
  const others = 20_000 - 2 * MAX_KEYS
  const views = await readViews(redis, keys)
  const prefix = keys.total.slice(0, -'total'.length)
  for (const name of ['count:country', 'top:country']) {
    const { '(other)': other, ...held } = views[`${prefix}${name}`] as Record<string, number>
    assert.equal(other, others, name)
    assert.deepEqual(Object.values(held), Array.from({ length: MAX_KEYS }).fill(2), name)
  }
  const set = views[`${prefix}distinct:country`] as string[]
  assert.equal(set.length, MAX_KEYS + 1)
  assert.ok(set.includes('(other)'))
  assert.equal(views[keys.total], 20_000)
  assert.equal(await metricOf(metrics.others), 3 * others)
})

test('a client that sends the country (other) takes no key from anybody', async (t) => {
  const { keys, redis, write } = await createScene(t)
  const batchWith = (firstSeq: number, countries: string[]) => {
    const documents = countries.map((country) => ({ country, city: '', age: 0 }))
    return batchOf(runOf({ origin: 'o', firstSeq, timesUs: countries.map(() => START_US), documents }))
  }
  const all = Array.from({ length: MAX_KEYS }, (_, n) => `land ${n}`)
  await write(batchWith(1, all.slice(1)))
  await write(batchWith(MAX_KEYS, ['(other)', all[0]!]))
  await write(batchWith(MAX_KEYS + 2, [all[0]!, 'one too many']))
  const expected = { ...Object.fromEntries(all.map((name) => [name, 1])), 'land 0': 2, '(other)': 2 }
  const views = await readViews(redis, keys)
  assert.deepEqual(views[keys.views[0]!.key], expected)
})

test('a key of a wrong type changes nothing, and the answer names it', async (t) => {
  const { keys, redis, write, dump } = await createScene(t)
  const all = [keys.fences, keys.positions, keys.origins, keys.total, ...keys.views.map(({ key }) => key)]
  for (const key of all) {
    await redis.unlink(all)
    await redis.rPush(key, 'a list')
    const before = await dump()
    for (const batch of [batchOf(runOf(votes('o', 1, 3))), logBatchOf(0, [runOf(votes('o', 1, 3))])]) {
      const { reason } = await write(batch, Verdict.FAILED)
      assert.match(
        reason,
        /redis holds something else under a key of it-.* is a list, not a (hash|string|zset|set)$/,
      )
      assert.ok(reason.includes(key), reason)
      assert.deepEqual(await dump(), before)
    }
  }
})

test('a batch above a gap is refused and changes nothing', async (t) => {
  const { write, dump, metrics, assertViews } = await createScene(t)
  await write(batchOf(runOf(votes('o', 1, 3))))
  const before = await dump()
  await write(batchOf(runOf(votes('other', 1, 2)), runOf(votes('o', 5, 2))), Verdict.REFUSED_GAP)
  await write(batchOf(runOf(votes('new', 2, 1))), Verdict.REFUSED_GAP)
  assert.deepEqual(await dump(), before)
  assert.equal(await metricOf(metrics.refusals), 2)
  await write(batchOf(runOf(votes('o', 4, 3))))
  await assertViews(eventsOf(votes('o', 1, 6)))
})

test('a batch that comes again changes nothing, with the log or without', async (t) => {
  const { write, dump, metrics, position } = await createScene(t)
  const runs = [runOf(votes('a', 1, 5)), runOf(votes('b', 1, 2)), runOf(votes('a', 1, 3, { partition: 1 }))]
  await write(batchOf(...runs))
  const before = await dump()
  await write(batchOf(...runs))
  await write(batchOf(runs[2]!))
  assert.deepEqual(await dump(), before)
  await write(logBatchOf(0, runs))
  assert.equal(await position(), 10)
  const after = await dump()
  await write(logBatchOf(0, runs))
  await write(batchOf(...runs))
  assert.deepEqual(await dump(), after)
  const unmoved = (all: string[][]) => all.filter(([key]) => !/:(positions|origins)$/.test(key!))
  assert.deepEqual(unmoved(after), before)
  assert.equal(await metricOf(metrics.fenceSkips), 10 + 3 + 10 + 10 + 10)
})

test('of a batch that is half done only the rest is added', async (t) => {
  const { write, assertViews, fences } = await createScene(t)
  await write(batchOf(runOf(votes('a', 1, 4)), runOf(votes('b', 1, 1))))
  await write(batchOf(runOf(votes('b', 1, 3)), runOf(votes('a', 3, 5)), runOf(votes('c', 1, 2))))
  await write(logBatchOf(0, [runOf(votes('a', 2, 9)), runOf(votes('c', 1, 1))]))
  assert.deepEqual({ ...(await fences()) }, { 'a-0': '10', 'b-0': '3', 'c-0': '2' })
  await assertViews([votes('a', 1, 10), votes('b', 1, 3), votes('c', 1, 2)].flatMap(eventsOf))
})

test('a batch that holds the same events twice counts them once', async (t) => {
  const { write, assertViews } = await createScene(t)
  await write(batchOf(runOf(votes('a', 1, 4)), runOf(votes('a', 1, 4)), runOf(votes('a', 3, 4))))
  await write(batchOf(runOf(votes('a', 7, 1)), runOf(votes('a', 2, 3)), runOf(votes('a', 5, 4))))
  await assertViews(eventsOf(votes('a', 1, 8)))
})

test('many small runs of one origin are one span to the script, wherever the fence stands', async (t) => {
  const { write, assertViews, fences } = await createScene(t)
  const small = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, nth) => runOf(votes('a', from + nth, 1)))
  await write(batchOf(...small(1, 40)))
  await write(batchOf(...small(20, 60), runOf(votes('b', 1, 2)), ...small(60, 90), runOf(votes('b', 3, 1))))
  await write(batchOf(...small(90, 95), ...small(96, 99)), Verdict.REFUSED_GAP)
  assert.deepEqual({ ...(await fences()) }, { 'a-0': '89', 'b-0': '3' })
  await assertViews([votes('a', 1, 89), votes('b', 1, 3)].flatMap(eventsOf))
})

test('records of foreign producers count once, and their numbers may have gaps', async (t) => {
  const { write, assertViews, fences, position } = await createScene(t)
  const foreign = (offset: number, count: number) => votes('messages', offset, count, { foreign: true })
  const batchAt = (offset: number, inits: RunInit[], nextOffset: number) => {
    const batch = logBatchOf(offset, inits.map(runOf), { nextOffset })
    for (const run of batch.runs)
      run.offsetDeltas = run.offsetDeltas.map((_, n) => Number(run.firstSeq) + n - offset)
    return batch
  }
  await write(batchAt(0, [foreign(0, 2), foreign(5, 1)], 6))
  await write(batchAt(0, [foreign(0, 2), foreign(5, 3)], 8))
  await write(batchAt(2, [foreign(5, 3)], 20))
  await write(batchAt(20, [foreign(90, 2)], 100))
  assert.deepEqual({ ...(await fences()) }, { 'messages-0': '91' })
  assert.equal(await position(), 100)
  await assertViews([foreign(0, 2), foreign(5, 3), foreign(90, 2)].flatMap(eventsOf))
})

test('a gap in the log is refused with the stored position, and stepped over only when told to', async (t) => {
  const { write, dump, assertViews, position, metrics } = await createScene(t)
  await write(logBatchOf(0, [runOf(votes('a', 1, 2))]))
  const before = await dump()
  const gapped = [runOf(votes('a', 4, 2)), runOf(votes('b', 1, 1))]
  const refused = await write(logBatchOf(1, gapped), Verdict.REFUSED_GAP)
  assert.equal(refused.position, 2n)
  assert.deepEqual(await dump(), before)
  assert.equal(await metricOf(metrics.refusals), 1)
  await write(logBatchOf(2, gapped, { stepOverGaps: true }))
  // What was stepped over is done: should it come after all, it is not counted.
  await write(logBatchOf(5, [runOf(votes('a', 3, 1))]))
  assert.equal(await position(), 6)
  await assertViews([votes('a', 1, 2), votes('a', 4, 2), votes('b', 1, 1)].flatMap(eventsOf))
})

test('the position only moves forward', async (t) => {
  const { write, position, origins } = await createScene(t)
  const init = votes('a', 1, 10)
  await write(logBatchOf(0, [runOf(init)]))
  const part = (from: number, to: number) => logBatchOf(from, [runOf(votes('a', from + 1, to - from))])
  for (const [from, to] of [
    [0, 3],
    [9, 10],
    [4, 6],
  ] as const) {
    await write(part(from, to))
    assert.equal(await position(), 10)
    assert.deepEqual({ ...(await origins()) }, { 'a-0': `${logName}:9` })
  }
  await write(part(8, 12))
  assert.equal(await position(), 12)
  // A part of the log that holds nothing for the view is read too.
  await write(logBatchOf(12, [], { nextOffset: 20 }))
  assert.equal(await position(), 20)
})

test('a batch that starts above the position is refused with it, and changes nothing', async (t) => {
  const { write, dump } = await createScene(t)
  const above = logBatchOf(1, [runOf(votes('b', 1, 1))])
  assert.equal((await write(above, Verdict.REFUSED_BEHIND)).position, 0n)
  await write(logBatchOf(0, [runOf(votes('a', 1, 5))]))
  const before = await dump()
  for (const stepOverGaps of [false, true]) {
    const behind = logBatchOf(6, [runOf(votes('a', 6, 2))], { stepOverGaps })
    assert.equal((await write(behind, Verdict.REFUSED_BEHIND)).position, 5n)
  }
  // Each log has its own position.
  const elsewhere = logBatchOf(3, [runOf(votes('c', 1, 1))], { topic: 'others' })
  assert.equal((await write(elsewhere, Verdict.REFUSED_BEHIND)).position, 0n)
  assert.deepEqual(await dump(), before)
})

test('a probe at 2^53-1 is refused wherever the view is', async (t) => {
  const { write, dump, redis, keys } = await createScene(t)
  const probe = (at: number) => logBatchOf(at, [])
  assert.equal((await write(probe(NOWHERE), Verdict.REFUSED_BEHIND)).position, 0n)
  for (const position of [7, 4_294_967_296, NOWHERE - 1]) {
    await redis.hSet(keys.positions, logName, String(position))
    const before = await dump()
    assert.equal((await write(probe(NOWHERE), Verdict.REFUSED_BEHIND)).position, BigInt(position))
    await write(probe(position))
    assert.deepEqual(await dump(), before)
  }
})

test('fences are forgotten when their origin has left the log, and no others', async (t) => {
  const { write, fences, origins, messages } = await createScene(t)
  await write(
    logBatchOf(
      0,
      ['gone', 'back', 'busy', 'late'].map((origin) => runOf(votes(origin, 1, 5))),
    ),
  )
  await write(logBatchOf(0, [runOf(votes('elsewhere', 1, 5))], { topic: 'others' }))
  // `back` came by the fast path first and was then read in the log; of `late` the log's reader knows nothing yet.
  await write(batchOf(runOf(votes('back', 6, 3)), runOf(votes('late', 6, 1)), runOf(votes('fast', 1, 2))))
  await write(logBatchOf(20, [runOf(votes('back', 6, 3)), runOf(votes('busy', 6, 2))]))
  // A reader that is late says again where they once were.
  await write(logBatchOf(5, [runOf(votes('back', 1, 5)), runOf(votes('busy', 1, 5))]))
  const all = { gone: 5, back: 8, busy: 7, late: 6, elsewhere: 5, fast: 2 }
  const fencesOf = (seqs: object) =>
    Object.fromEntries(Object.entries(seqs).map(([o, seq]) => [`${o}-0`, `${seq}`]))
  await write(logBatchOf(25, [], { startOffset: 4 }))
  assert.deepEqual({ ...(await fences()) }, fencesOf(all))
  await write(logBatchOf(25, [], { startOffset: 5 }))
  const { gone: _gone, ...left } = all
  assert.deepEqual({ ...(await fences()) }, fencesOf(left))
  await write(logBatchOf(25, [], { startOffset: 22 }))
  assert.deepEqual({ ...(await fences()) }, fencesOf(left))
  await write(logBatchOf(25, [], { startOffset: 23 }))
  const { back: _back, ...rest } = left
  assert.deepEqual({ ...(await fences()) }, fencesOf(rest))
  assert.deepEqual({ ...(await origins()) }, { 'busy-0': `${logName}:24`, 'elsewhere-0': 'others-0:4' })
  assert.equal(messages.length, 2)
  // With the log's reader behind, the fence of `late` still keeps its event from counting twice.
  await write(logBatchOf(25, [runOf(votes('late', 6, 1)), runOf(votes('fast', 1, 2))], { startOffset: 23 }))
  await write(logBatchOf(28, [], { startOffset: 100 }))
  assert.deepEqual(Object.keys(await fences()), ['elsewhere-0'])
})

test('events that are no valid message move the fence and count nowhere', async (t) => {
  const { write, assertViews, fences, metrics } = await createScene(t)
  const init = votes('o', 1, 6)
  const run = runOf(init)
  const spoil = (run: Run, places: number[]) => {
    const events = splitEvents(run.events, run.count)
    run.events = joinEvents(
      events.map((event, n) => (places.includes(n) ? Uint8Array.of(0x0a, 0x7f) : event)),
    )
    return run
  }
  await write(batchOf(spoil(run, [0, 3, 5])))
  await write(batchOf(spoil(runOf(votes('p', 1, 1)), [0])))
  assert.deepEqual({ ...(await fences()) }, { 'o-0': '6', 'p-0': '1' })
  await assertViews(eventsOf(init).filter((_, n) => [1, 2, 4].includes(n)))
  assert.equal(await metricOf(metrics.invalid), 4)
})

test('a run that is not what it says is rejected, and no part of it counts later', async (t) => {
  const { write, names, assertViews } = await createScene(t)
  const broken = runOf(votes('o', 1, 4))
  broken.events = broken.events.slice(0, -1)
  const { reason } = await write(batchOf(runOf(votes('p', 1, 2)), broken), Verdict.REJECTED)
  assert.match(reason, /a run is not what it says: .* event 3/)
  assert.deepEqual(await names(), [])
  await write(batchOf(runOf(votes('o', 1, 2))))
  await assertViews(eventsOf(votes('o', 1, 2)))
})

test('what was found done is added after all when a failover has undone it meanwhile', async (t) => {
  const { pipeline, keys, redis, metrics, write, assertViews } = await createScene(t)
  const inits = [votes('messages', 0, 3, { foreign: true }), votes('o', 1, 4), votes('p', 1, 2)]
  await write(logBatchOf(0, inits.slice(0, 2).map(runOf)))
  let questions = 0
  const lateWrite = createViewWriter(
    async (args) => {
      const answer = await redis.sendCommand(args)
      // Between the question for the fences and the script.
      if (args[0] === 'HMGET' && questions++ === 0)
        await redis.unlink([
          keys.fences,
          keys.positions,
          keys.origins,
          keys.total,
          ...keys.views.map(({ key }) => key),
        ])
      return answer
    },
    voteType,
    pipeline,
    quiet,
    metrics,
  )
  for (const stepOverGaps of [false, true]) {
    const { verdict } = await lateWrite(logBatchOf(0, inits.map(runOf), { stepOverGaps }))
    assert.equal(verdict, Verdict.STORED)
    await assertViews(inits.flatMap(eventsOf))
    questions = 0
  }
})

test('two sinks that write the same batches at once count them once', async (t) => {
  const { openSink, assertViews, position } = await createScene(t)
  const inits = Array.from({ length: 150 }, (_, n) => votes(`o${n % 3}`, 1 + Math.floor(n / 3) * 4, 4))
  const fast = inits.map((init) => batchOf(runOf(init)))
  const logged = inits.map((init, n) => logBatchOf(n * 4, [runOf(init)]))
  const writeAll = async (batches: Batch[]) => {
    const sink = await openSink()
    for (const batch of batches) {
      const outcome = await sink.write(batch)
      assert.equal(outcome.verdict, Verdict.STORED, outcome.reason)
    }
  }
  await Promise.all([fast, fast, logged, logged].map(writeAll))
  assert.equal(await position(), 600)
  await assertViews(inits.flatMap(eventsOf))
})

test('rate and latest are exact after any small batches in any order', async (t) => {
  const { write, assertViews } = await createScene(t)
  const random = randomFrom(20_261_121)
  const origins = Array.from({ length: 8 }, (_, n) => ({
    origin: `o${n}`,
    seq: 1,
    timeUs: START_US + n * 7_000_000,
  }))
  const events: Event[] = []
  for (let n = 0; n < 400; n++) {
    const inits = Array.from({ length: 1 + random(3) }, () => {
      const from = origins[random(origins.length)]!
      const timesUs = Array.from({ length: 1 + random(2 * LATEST) }, () => {
        // Now and then a leap, so that others fall out of the window; whole seconds, so that origins meet.
        from.timeUs += random(60) === 0 ? RATE_SECONDS * 700_000 : random(3) * 500_000
        return from.timeUs
      })
      const firstSeq = from.seq
      from.seq += timesUs.length
      const documents = timesUs.map((): JsonObject => ({
        country: `k${random(5)}`,
        city: '',
        age: random(99),
      }))
      return { origin: from.origin, firstSeq, timesUs, documents }
    })
    await write(create(BatchSchema, { runs: inits.map(runOf) }))
    events.push(...inits.flatMap(eventsOf))
    if (n % 20 === 0) await assertViews(events)
  }
  await assertViews(events)
})

test('of foreign records of one millisecond, latest keeps the greatest ids however they were batched', async (t) => {
  const [whole, apart] = [await createScene(t), await createScene(t)]
  const init = votes('messages', 0, 120, {
    foreign: true,
    timesUs: Array.from({ length: 120 }, () => START_US),
  })
  await whole.write(logBatchOf(0, [runOf(init)]))
  for (let n = 0; n < 120; n++) {
    const one = { ...init, firstSeq: n, timesUs: [START_US], documents: [init.documents[n]!] }
    await apart.write(logBatchOf(n, [runOf(one)]))
  }
  await whole.assertViews(eventsOf(init))
  await apart.assertViews(eventsOf(init))
})

test('a gap is stepped over at the very fence before which it is believed, and at no other', async (t) => {
  const { write, fences, position, metrics, assertViews } = await createScene(t)
  const [first, behind] = [votes('o', 1, 3), votes('o', 6, 2)]
  const batch = (seq: bigint) =>
    Object.assign(logBatchOf(0, [runOf(behind)]), { lastBeforeGaps: [{ origin: 'o', partition: 0, seq }] })
  const refused = await write(batch(3n), Verdict.REFUSED_GAP)
  assert.deepEqual(
    refused.fences.map(({ origin, partition, seq }) => [origin, partition, seq]),
    [['o', 0, 0n]],
  )
  await write(batchOf(runOf(first)))
  await write(batch(2n), Verdict.REFUSED_GAP)
  assert.equal(await position(), 0)
  await write(batch(3n))
  assert.deepEqual({ ...(await fences()) }, { 'o-0': '7' })
  assert.equal(await metricOf(metrics.gaps), 1)
  await assertViews([...eventsOf(first), ...eventsOf(behind)])
})
