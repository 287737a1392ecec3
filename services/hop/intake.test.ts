import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../test/until.ts'
import { createPartitioner } from '../lib/partition.ts'
import { outcomes, sliceRun, type Batch, type Outcome } from './batch.ts'
import { create } from '@bufbuild/protobuf'
import { BatchSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { createIntake, type Answer, type IntakeOptions } from './intake.ts'

const event = (text: string, key?: string) => ({ bytes: Buffer.from(text), key })

/** An intake whose batches wait for `finish`, and what its clients were told. */
function withHeldBatches(change: Partial<IntakeOptions> = {}) {
  const out: { batch: Batch; finish: (outcome: Outcome) => void }[] = []
  const stored: Batch[] = []
  const told = new Map<string, Answer>()
  const intake = createIntake({
    partitions: 1,
    lanes: 1,
    route: 'api',
    deadlineMs: 10_000,
    maxQueueBytes: 1_000_000,
    persist: (batch) => new Promise((finish) => out.push({ batch, finish })),
    stored: (_lane, batch) => stored.push(batch),
    ...change,
  })
  const accept = (name: string, key?: string) =>
    intake.accept(event(name, key), (answer) => {
      assert.ok(!told.has(name), `${name} is answered twice`)
      told.set(name, answer)
    })
  const store = async (batches = 1) => {
    for (let n = 0; n < batches; n++) {
      await until('a batch is out', () => out.length > 0)
      out.shift()!.finish(outcomes.stored())
    }
  }
  return { intake, out, stored, told, accept, store }
}

const textsOf = (batch: Batch) =>
  batch.runs.flatMap((run) => Buffer.from(run.events).toString().match(/\w+/g))

test('numbers are dense from 1 per partition, over thousands of events in many batches', async () => {
  const next = new Map<number, bigint>()
  const { intake } = { intake: createIntakeThat((batch) => checkDense(batch, next)) }
  const told: Answer[] = []
  const partitionOf = createPartitioner(4)
  const keys = ['Perú', 'México', 'Chile', 'España', 'Cuba', 'Bolivia']
  const expected = new Map<number, number>()
  for (let n = 0; n < 3_000; n++) {
    const key = keys[(n * 7) % keys.length]!
    expected.set(partitionOf(key), (expected.get(partitionOf(key)) ?? 0) + 1)
    intake.accept(event(`e${n}`, key), (answer) => told.push(answer))
    if (n % 50 === 0) await new Promise(setImmediate)
  }
  await intake.close()
  assert.equal(told.length, 3_000)
  assert.equal(new Set(told.map((answer) => answer.status === 202 && answer.id)).size, 3_000)
  assert.deepEqual(new Map([...next].map(([partition, seq]) => [partition, Number(seq) - 1])), expected)
})

function createIntakeThat(see: (batch: Batch) => void) {
  const persist = (batch: Batch) => (see(batch), Promise.resolve(outcomes.stored()))
  const limits = { deadlineMs: 10_000, maxQueueBytes: 10_000_000 }
  return createIntake({ partitions: 4, lanes: 2, route: 'api', ...limits, persist, stored: () => undefined })
}

function checkDense({ runs }: Batch, next: Map<number, bigint>): void {
  for (const { partition, firstSeq, count, timeDeltasUs } of runs) {
    assert.equal(firstSeq, next.get(partition) ?? 1n)
    next.set(partition, firstSeq + BigInt(count))
    assert.equal(timeDeltasUs.length, count)
    assert.ok(
      timeDeltasUs.every((delta, n) => n === 0 || delta > timeDeltasUs[n - 1]!),
      'times do not rise',
    )
  }
}

test('the receipt of a stored event is <origin>-<partition>-<seq>, and its batch goes on to the fast path', async () => {
  const { intake, told, accept, store, stored } = withHeldBatches()
  accept('a')
  accept('b')
  await store()
  await until('both are answered', () => told.size === 2)
  assert.deepEqual(told.get('a'), { status: 202, id: `${intake.origin}-0-1` })
  assert.deepEqual(told.get('b'), { status: 202, id: `${intake.origin}-0-2` })
  const [run] = stored[0]!.runs
  assert.deepEqual([run!.origin, run!.route, run!.count], [intake.origin, 'api', 2])
})

test('every intake has another origin, of letters and digits', () => {
  const origins = Array.from({ length: 50 }, () => withHeldBatches().intake.origin)
  assert.equal(new Set(origins).size, 50)
  for (const origin of origins) assert.match(origin, /^[A-Za-z0-9]{8}$/)
})

test('an event that is cancelled before it joins a batch gets no number and is not sent', async () => {
  const { told, accept, store, out, intake } = withHeldBatches()
  accept('first')
  await until('the first batch is out', () => out.length === 1)
  const [gone] = [accept('gone'), accept('stays')]
  gone.cancel()
  await store()
  await until('the second batch is out', () => out.length === 1)
  assert.deepEqual(textsOf(out[0]!.batch), ['stays'])
  await store()
  await until('it is answered', () => told.size === 2)
  assert.deepEqual(told.get('stays'), { status: 202, id: `${intake.origin}-0-2` })
})

test('an event that is cancelled in a batch is stored, and its client is told nothing more', async () => {
  const { told, accept, store, out, stored } = withHeldBatches()
  const ticket = accept('gone')
  await until('the batch is out', () => out.length === 1)
  ticket.cancel()
  await store()
  await until('it is stored', () => stored.length === 1)
  assert.equal(told.size, 0)
})

test('at its deadline a client is told 503: not stored while it queues, unknown once it is in a batch', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_764_000_000_000 })
  const { told, accept, store, out, stored, intake } = withHeldBatches({ deadlineMs: 1_000 })
  accept('sent')
  await until('the batch is out', () => out.length === 1)
  accept('queued')
  t.mock.timers.tick(999)
  assert.equal(told.size, 0)
  t.mock.timers.tick(251)
  const reason = 'no answer from the log in 1000 ms'
  assert.deepEqual(told.get('sent'), { status: 503, reason, stored: 'unknown' })
  assert.deepEqual(told.get('queued'), { status: 503, reason, stored: 'no' })
  await store()
  await intake.close()
  assert.equal(stored.length, 1, 'what was told "not stored" must never be sent')
})

test('a full queue answers 503 at once, and nothing of the event is kept', async () => {
  const { told, accept, store, intake } = withHeldBatches({ maxQueueBytes: 1_000 })
  for (const name of ['a', 'b', 'c', 'd']) accept(name)
  assert.deepEqual(told.get('d'), { status: 503, reason: 'the queue is full', stored: 'no' })
  assert.equal(told.size, 1)
  assert.ok(intake.queuedBytes() < 1_000)
  await store()
  await until('the others are stored', () => told.size === 4)
})

test('a log that fails for good answers 503 unknown, and nothing goes on to the fast path', async () => {
  const persist = () => Promise.resolve(outcomes.failed('stopping'))
  const { told, accept, stored } = withHeldBatches({ persist })
  accept('a')
  await until('it is answered', () => told.size === 1)
  assert.deepEqual(told.get('a'), { status: 503, reason: 'stopping', stored: 'unknown' })
  assert.deepEqual(stored, [])
})

/** Rejects the records of these texts, as a bisection does: one at a time. */
function rejecting(texts: string[]): IntakeOptions['persist'] {
  return async (batch, rejected) => {
    for (const run of batch.runs) {
      for (let n = 0; n < run.count; n++) {
        const single = create(BatchSchema, { runs: [sliceRun(run, n, n + 1)] })
        if (texts.includes(String(textsOf(single)))) await rejected(single, 'too large')
      }
    }
    return outcomes.stored()
  }
}

test('a record that the log rejects is answered 422, and only that one', async () => {
  const { told, accept } = withHeldBatches({ partitions: 3, persist: rejecting(['b1', 'c0']) })
  for (const name of ['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2']) accept(name)
  await until('all are answered', () => told.size === 7)
  const refused = Object.fromEntries([...told].filter(([, answer]) => answer.status !== 202))
  const answer = { status: 422, reason: 'too large' }
  assert.deepEqual(refused, { b1: answer, c0: answer })
})

test('a record that the log rejects never reaches the fast path, because a view must not hold more than the log', async () => {
  const { told, accept, stored } = withHeldBatches({ persist: rejecting(['bad']) })
  for (const name of ['good', 'bad', 'fine']) accept(name)
  await until('all are answered', () => told.size === 3)
  assert.ok(
    !stored.flatMap(textsOf).includes('bad'),
    `the fast path got ${stored.flatMap(textsOf).join(', ')}`,
  )
})

test('after close new events are refused, and close waits for those in flight', async () => {
  const { told, accept, store, out, intake } = withHeldBatches()
  accept('in flight')
  await until('the batch is out', () => out.length === 1)
  let closed = false
  const closing = intake.close().then(() => (closed = true))
  accept('late')
  assert.deepEqual(told.get('late'), { status: 503, reason: 'stopping', stored: 'no' })
  await new Promise(setImmediate)
  assert.equal(closed, false)
  await store()
  await closing
  assert.equal(told.get('in flight')?.status, 202)
})
