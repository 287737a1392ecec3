import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { BatchSchema, RunSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { until } from '../../test/until.ts'
import type { Log } from '../lib/log.ts'
import { joinEvents } from '../lib/wire.ts'
import { outcomes, recordsOf, Verdict, type Batch, type Outcome, type Sink } from './batch.ts'
import { attempt, createFastPath, writeOwned } from './deliver.ts'
import { createHopMetrics } from './metrics.ts'

const lines: string[] = []
const log: Log = { debug() {}, info() {}, warn: (message) => lines.push(message), error() {} }
const url = 'test://sink'

function sinkOf(write: Sink['write']): Sink {
  return { url, write, notReady: () => undefined, close: () => Promise.resolve() }
}

/** A batch of one run with records `first` … `first + count - 1`. */
function batchOf(first: number, count: number): Batch {
  const events = Array.from({ length: count }, (_, n) => Uint8Array.of(first + n))
  const timeDeltasUs = events.map((_, n) => n)
  const run = { origin: 'o', firstSeq: BigInt(first), count, timeDeltasUs, events: joinEvents(events) }
  return create(BatchSchema, { runs: [create(RunSchema, run)] })
}

const seqsOf = (batch: Batch) =>
  batch.runs.flatMap(({ firstSeq, count }) => Array.from({ length: count }, (_, n) => Number(firstSeq) + n))

function owned(
  write: Sink['write'],
  batch: Batch,
  change: { stopped?: AbortSignal; revoked?: AbortSignal } = {},
) {
  const rejected: [seqs: number[], reason: string][] = []
  const metrics = createHopMetrics('test', 'hop')
  const waiting = { stopped: new AbortController().signal, ...change }
  const reject = (part: Batch, reason: string) => Promise.resolve(void rejected.push([seqsOf(part), reason]))
  const outcome = writeOwned(sinkOf(write), batch, waiting, reject, log, metrics)
  const retries = async () => (await metrics.retries.get()).values.reduce((sum, { value }) => sum + value, 0)
  return { outcome, rejected, retries }
}

const batch = batchOf(1, 8)

test('FAILED, no verdict and a thrown error are retried until the batch is stored', async () => {
  const answers: (() => Promise<Outcome>)[] = [
    () => Promise.resolve(outcomes.failed('away')),
    () => Promise.reject(new Error('connection reset')),
    () => Promise.resolve({ ...outcomes.failed(''), verdict: Verdict.UNSPECIFIED }),
    () => Promise.resolve(outcomes.stored()),
  ]
  const seen: Batch[] = []
  const { outcome, retries, rejected } = owned((given) => {
    seen.push(given)
    return answers.shift()!()
  }, batch)
  assert.equal((await outcome).verdict, Verdict.STORED)
  assert.deepEqual(seen, [batch, batch, batch, batch])
  assert.equal(await retries(), 3)
  assert.deepEqual(rejected, [])
})

for (const ended of ['stopped', 'revoked'] as const) {
  test(`retries end when the wait is ${ended}, at once, with the last failure`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const controller = new AbortController()
    let attempts = 0
    const fail = () => Promise.resolve(outcomes.failed(`away ${++attempts}`))
    const change = { [ended]: controller.signal }
    const { outcome } = owned(fail, batch, change)
    for (const pauseMs of [20, 40, 80]) {
      await new Promise(setImmediate)
      t.mock.timers.tick(pauseMs)
    }
    await new Promise(setImmediate)
    assert.equal(attempts, 4)
    // The clock stands still, so only the end of the wait can end the pause.
    controller.abort()
    const { verdict, reason } = await outcome
    assert.deepEqual([verdict, reason], [Verdict.FAILED, `away ${attempts}`])
    const before = attempts
    assert.equal((await owned(fail, batch, change).outcome).verdict, Verdict.FAILED)
    assert.equal(attempts, before + 1, 'one attempt is made even then')
  })
}

test('a batch that is rejected is bisected down to the records at fault, and the others are stored in order', async () => {
  const bad = new Set([3, 4, 8])
  const stored: number[] = []
  const { outcome, rejected } = owned((part) => {
    const seqs = seqsOf(part)
    if (seqs.some((seq) => bad.has(seq)))
      return Promise.resolve(outcomes.rejected(`${seqs.length} too large`))
    stored.push(...seqs)
    return Promise.resolve(outcomes.stored())
  }, batch)
  assert.equal((await outcome).verdict, Verdict.STORED)
  assert.deepEqual(stored, [1, 2, 5, 6, 7])
  assert.deepEqual(
    rejected,
    [...bad].map((seq) => [[seq], '1 too large']),
  )
})

test('every part of a bisected batch is retried on its own', async () => {
  const failedOnce = new Set<string>()
  const stored: number[] = []
  const { outcome, rejected } = owned((part) => {
    const seqs = seqsOf(part)
    if (seqs.includes(5)) return Promise.resolve(outcomes.rejected('no'))
    if (!failedOnce.has(String(seqs))) {
      failedOnce.add(String(seqs))
      return Promise.resolve(outcomes.failed('away'))
    }
    stored.push(...seqs)
    return Promise.resolve(outcomes.stored())
  }, batch)
  assert.equal((await outcome).verdict, Verdict.STORED)
  assert.deepEqual(stored, [1, 2, 3, 4, 6, 7, 8])
  assert.deepEqual(rejected, [[[5], 'no']])
})

test('a record counts as stored only when its rejection was taken down', async () => {
  let takenDown: (() => void) | undefined
  const waiting = { stopped: new AbortController().signal }
  const reject = () => new Promise<void>((resolve) => (takenDown = resolve))
  const sink = sinkOf(() => Promise.resolve(outcomes.rejected('no')))
  let done = false
  const outcome = writeOwned(sink, batchOf(1, 1), waiting, reject, log, createHopMetrics('test', 'hop'))
  void outcome.then(() => (done = true))
  await until('the rejection is on its way', () => takenDown)
  await new Promise(setImmediate)
  assert.equal(done, false)
  takenDown!()
  assert.equal((await outcome).verdict, Verdict.STORED)
})

for (const refusal of [outcomes.gap(7n), outcomes.behind(9n)]) {
  test(`a refusal is passed on at once, with its position: ${refusal.verdict === Verdict.REFUSED_GAP ? 'gap' : 'behind'}`, async () => {
    let attempts = 0
    const { outcome } = owned(() => (attempts++, Promise.resolve(refusal)), batch)
    assert.deepEqual(await outcome, refusal)
    assert.equal(attempts, 1)
  })
}

test('a refusal of one part of a bisected batch is the refusal of the batch', async () => {
  const { outcome } = owned((part) => {
    if (recordsOf(part) === 8) return Promise.resolve(outcomes.rejected('no'))
    return Promise.resolve(seqsOf(part).includes(8) ? outcomes.behind(4n) : outcomes.stored())
  }, batch)
  assert.deepEqual(await outcome, outcomes.behind(4n))
})

test('an attempt has a deadline, and a sink that answers later or throws does no harm', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let answer: (outcome: Outcome) => void = () => undefined
  const slow = attempt(
    sinkOf(() => new Promise((resolve) => (answer = resolve))),
    batch,
  )
  t.mock.timers.tick(15_000)
  assert.deepEqual(await slow, outcomes.failed('no answer in 15000 ms'))
  answer(outcomes.stored())
  const throwing = () => {
    throw new Error('broken')
  }
  assert.deepEqual(await attempt(sinkOf(throwing), batch), outcomes.failed('broken'))
})

function fastPathOf(write: Sink['write']) {
  const metrics = createHopMetrics('test', 'hop')
  const path = createFastPath(sinkOf(write), 1, log, metrics)
  const dropped = async () => (await metrics.fastPathDropped.get()).values[0]?.value ?? 0
  return { path, dropped }
}

test('the fast path tries a batch once: what fails or is refused is dropped and counted, and the next goes on', async () => {
  const answers = [outcomes.failed('away'), outcomes.gap(3n), outcomes.rejected('no'), outcomes.stored()]
  const seen: number[][] = []
  const { path, dropped } = fastPathOf((given) => {
    seen.push(seqsOf(given))
    return Promise.resolve(answers[seen.length - 1]!)
  })
  lines.length = 0
  for (const first of [1, 11, 21, 31]) {
    path.offer(0, batchOf(first, 2))
    await path.idle()
  }
  assert.deepEqual(seen, [
    [1, 2],
    [11, 12],
    [21, 22],
    [31, 32],
  ])
  assert.equal(await dropped(), 6)
  assert.equal(lines.length, 1, 'one line when dropping begins')
})

test('the fast path keeps the order of batches, and joins those that come while one is out', async () => {
  let finish: () => void = () => undefined
  const seen: number[][] = []
  const { path } = fastPathOf((given) => {
    seen.push(seqsOf(given))
    return new Promise((resolve) => (finish = () => resolve(outcomes.stored())))
  })
  for (const first of [1, 3, 5, 7]) path.offer(0, batchOf(first, 2))
  for (let n = 1; n <= 2; n++) {
    await until(`batch ${n} is out`, () => seen.length === n)
    finish()
  }
  await path.idle()
  assert.deepEqual(seen.flat(), [1, 2, 3, 4, 5, 6, 7, 8])
  assert.equal(seen.length, 2)
})

test('the fast path never blocks: while the sink hangs offers return, and beyond the bound they are dropped', async () => {
  let finish: () => void = () => undefined
  const { path, dropped } = fastPathOf(
    () => new Promise((resolve) => (finish = () => resolve(outcomes.stored()))),
  )
  const large = create(BatchSchema, {
    runs: [create(RunSchema, { origin: 'o', firstSeq: 1n, count: 1, events: new Uint8Array(1_000_000) })],
  })
  for (let n = 0; n < 20; n++) path.offer(0, large)
  assert.equal(await dropped(), 12, 'eight of a megabyte fit into 8 MiB')
  let idle = false
  void path.idle().then(() => (idle = true))
  await until('the rest is delivered', () => (finish(), idle))
})
