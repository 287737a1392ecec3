import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { BatchSchema, RunSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { joinEvents } from '../lib/wire.ts'
import {
  bytesOf,
  cutBatch,
  eachRecord,
  joinBatches,
  recordsOf,
  sliceRun,
  TRACE_BYTES,
  type Batch,
  type Run,
} from './batch.ts'

let state = 99
/** Park and Miller's generator: the same numbers on every run. */
const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const below = (most: number) => Math.floor(random() * most)

type Flat = {
  id: string
  seq: bigint
  timeUs: bigint
  offset: bigint
  event: string
  route: string
  foreign: boolean
  traceparent: string | undefined
}

/** Every record of a batch with all that is known of it. */
function flatten(batch: Batch): Flat[] {
  return batch.runs.flatMap((run) => {
    const records: Flat[] = []
    const { route, foreign } = run
    eachRecord(run, (event, seq, timeUs, delta, traceparent) => {
      const offset = batch.log ? batch.log.firstOffset + BigInt(delta) : -1n
      const id = `${run.origin}-${run.partition}`
      const bytes = Buffer.from(event).toString('hex')
      records.push({ id, seq, timeUs, offset, event: bytes, route, foreign, traceparent })
    })
    return records
  })
}

/** Runs of some origins, their records mixed as a log mixes them, with holes between its offsets. */
function randomBatch(withLog: boolean, records: number): Batch {
  const building = Array.from({ length: 1 + below(4) }, (_, n) => ({
    origin: `o${n}`,
    partition: below(3),
    firstSeq: BigInt(1 + below(1_000)),
    firstTimeUs: BigInt(1_764_000_000_000_000 + below(1e6)),
    timeDeltasUs: [] as number[],
    offsetDeltas: [] as number[],
    route: `route${n}`,
    foreign: random() < 0.3,
    events: [] as Uint8Array[],
    traces: [] as { index: number; traceparent: string }[],
  }))
  let offset = below(5)
  for (let n = 0; n < records; n++) {
    const run = building[below(building.length)]!
    if (random() < 0.3) run.traces.push({ index: run.events.length, traceparent: `trace ${n}` })
    run.timeDeltasUs.push((run.timeDeltasUs.at(-1) ?? -1) + 1 + below(1_000))
    run.events.push(Uint8Array.from({ length: below(random() < 0.05 ? 300 : 20) }, () => below(256)))
    if (withLog) run.offsetDeltas.push(offset)
    offset += 1 + (random() < 0.2 ? below(5) : 0)
  }
  const runs = building.flatMap(({ events, ...run }) =>
    events.length === 0
      ? []
      : [create(RunSchema, { ...run, count: events.length, events: joinEvents(events) })],
  )
  const firstOffset = BigInt(below(1_000))
  const log = {
    topic: 't',
    partition: 2,
    firstOffset,
    nextOffset: firstOffset + BigInt(offset),
    startOffset: 7n,
  }
  return create(BatchSchema, withLog ? { runs, log, stepOverGaps: random() < 0.3 } : { runs })
}

const byLog = (a: Flat, b: Flat) => Number(a.offset - b.offset)

test('both parts of a cut hold together every record with its seq, time, offset, bytes and trace context', () => {
  for (let n = 0; n < 400; n++) {
    const batch = randomBatch(n % 2 === 0, 2 + below(40))
    const [before, after] = cutBatch(batch)
    assert.ok(recordsOf(before) > 0 && recordsOf(after) > 0)
    assert.ok(Math.abs(recordsOf(before) - recordsOf(after)) <= 1, 'not in halves')
    const [expected, parts] = [flatten(batch), [...flatten(before), ...flatten(after)]]
    if (batch.log) assert.deepEqual(parts.toSorted(byLog), expected.toSorted(byLog))
    else assert.deepEqual(parts, expected)
    for (const part of [before, after])
      assert.deepEqual(fromBinary(BatchSchema, toBinary(BatchSchema, part)), part)
  }
})

test('the log ranges of both parts meet without a hole, and each holds the offsets of its records', () => {
  for (let n = 0; n < 400; n++) {
    const batch = randomBatch(true, 2 + below(40))
    const [before, after] = cutBatch(batch)
    assert.equal(before.log!.firstOffset, batch.log!.firstOffset)
    assert.equal(before.log!.nextOffset, after.log!.firstOffset)
    assert.equal(after.log!.nextOffset, batch.log!.nextOffset)
    for (const part of [before, after]) {
      const { topic, partition, startOffset, firstOffset, nextOffset } = part.log!
      assert.deepEqual([topic, partition, startOffset], ['t', 2, 7n])
      for (const { offset } of flatten(part)) assert.ok(offset >= firstOffset && offset < nextOffset)
    }
  }
})

test('a cut changes nothing of the batch that it was made from', () => {
  for (const withLog of [true, false]) {
    const batch = randomBatch(withLog, 30)
    const bytes = toBinary(BatchSchema, batch)
    cutBatch(batch)
    assert.deepEqual(toBinary(BatchSchema, batch), bytes)
  }
})

test('a batch cut down to its records, as a bisection does, still holds each once', () => {
  const cutDown = (batch: Batch): Batch[] =>
    recordsOf(batch) <= 1 ? [batch] : cutBatch(batch).flatMap(cutDown)
  for (let n = 0; n < 100; n++) {
    const batch = randomBatch(n % 2 === 0, 1 + below(30))
    const singles = cutDown(batch).flatMap(flatten)
    const expected = flatten(batch)
    assert.deepEqual(
      batch.log ? singles.toSorted(byLog) : singles,
      batch.log ? expected.toSorted(byLog) : expected,
    )
  }
})

test('leave to step over gaps goes to both parts of a cut, else they would meet the gap again', () => {
  const batch = randomBatch(true, 10)
  batch.stepOverGaps = true
  assert.deepEqual(
    cutBatch(batch).map((part) => part.stepOverGaps),
    [true, true],
  )
})

test('a slice of a run keeps seq, time, offset, bytes and trace context of its records', () => {
  for (let n = 0; n < 300; n++) {
    const batch = randomBatch(true, 1 + below(20))
    for (const run of batch.runs) {
      const whole = flatten(create(BatchSchema, { runs: [run], log: batch.log! }))
      const from = below(run.count)
      const to = from + 1 + below(run.count - from)
      const part = create(BatchSchema, { runs: [sliceRun(run, from, to)], log: batch.log! })
      assert.deepEqual(flatten(part), whole.slice(from, to))
    }
  }
})

test('a trace context takes no more bytes in a message than are counted for it', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const sizeOf = (indexes: number[]) => {
    const traces = indexes.map((index) => ({ index, traceparent }))
    return toBinary(BatchSchema, create(BatchSchema, { runs: [{ origin: 'o', traces }] })).length
  }
  const all = Array.from({ length: 2_000 }, (_, index) => index)
  // The lengths of batch and run take some bytes more, for which senders have slack.
  assert.ok(sizeOf(all) - sizeOf([]) <= all.length * TRACE_BYTES + 8)
})

test('joined batches hold the runs of all, in order, and their records and bytes are counted', () => {
  const batches = [1, 5, 9].map((records) => randomBatch(false, records))
  const joined = joinBatches(batches)
  assert.deepEqual(flatten(joined), batches.flatMap(flatten))
  assert.equal(recordsOf(joined), 15)
  assert.equal(
    bytesOf(joined),
    joined.runs.reduce((sum: number, run: Run) => sum + run.events.length + 62 * run.traces.length, 0),
  )
  assert.equal(joinBatches([batches[0]!]), batches[0])
})
