import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBinary } from '@bufbuild/protobuf'
import { LinkRequestSchema, type Batch } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { recordsOf } from '../../services/hop/batch.ts'
import { mistakeOf } from '../../services/hop/sources/link.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { createPartitioner } from '../../services/lib/partition.ts'
import { splitEvents } from '../../services/lib/wire.ts'
import { batchOf, createOrigin, makeTemplates } from './batches.ts'
import { compileFrame } from './link-frames.ts'

const PARTITIONS = 4
const eventType = loadEventType('scenarios.WeatherTweet')
const countries = ['Guatemala', 'México', 'Ireland', 'Chile', 'Perú', 'Canada', 'Spain']
const rows = Array.from({ length: 70 }, (_, index) => ({
  text: `Lluvia ${index} ☔`,
  country: countries[index % countries.length]!,
}))
const templates = makeTemplates(rows, eventType, PARTITIONS, 100, 3)

function timesOf({ runs }: Batch): number[] {
  const times = runs.flatMap(({ firstTimeUs, timeDeltasUs }) =>
    timeDeltasUs.map((delta) => Number(firstTimeUs) + delta),
  )
  return times.toSorted((a, b) => a - b)
}

test('a batch holds real rows in their order, each in the partition of its key', () => {
  const partitionOf = createPartitioner(PARTITIONS)
  const origin = createOrigin('o')
  const batches = templates.map((template) => batchOf(template, origin))
  const expected = Array.from({ length: PARTITIONS }, (_, partition) =>
    Array.from({ length: 300 }, (_unused, index) => rows[index % rows.length]!)
      .filter(({ country }) => partitionOf(country) === partition)
      .map(({ text, country }) => ({ text, country })),
  )
  const found = Array.from({ length: PARTITIONS }, (_, partition) =>
    batches
      .flatMap(({ runs }) => runs.filter((run) => run.partition === partition))
      .flatMap(({ events, count }) => splitEvents(events, count).map((event) => eventType.toDocument(event))),
  )
  assert.deepEqual(found, expected)
})

test('numbers have no holes and times rise, from batch to batch', () => {
  const origin = createOrigin('o')
  const next = new Map<number, bigint>()
  let lastTimeUs = 0
  for (const template of [...templates, ...templates]) {
    const batch = batchOf(template, origin)
    assert.equal(mistakeOf(batch), undefined)
    assert.equal(recordsOf(batch), 100)
    for (const { partition, firstSeq, count } of batch.runs) {
      assert.equal(firstSeq, next.get(partition) ?? 1n)
      next.set(partition, firstSeq + BigInt(count))
    }
    for (const timeUs of timesOf(batch)) {
      assert.ok(timeUs > lastTimeUs)
      lastTimeUs = timeUs
    }
  }
})

test('a template knows how many events each key has', () => {
  const counted = new Map(templates[0]!.runs.flatMap(({ keys }) => [...keys]))
  const expected = new Map(
    countries.map((country) => [
      country,
      Array.from({ length: 100 }, (_, index) => rows[index % rows.length]!).filter(
        (row) => row.country === country,
      ).length,
    ]),
  )
  assert.deepEqual(counted, expected)
})

test('a frame says what the batch says', () => {
  const origin = createOrigin('o')
  for (const [index, template] of [...templates, ...templates].entries()) {
    const { nextSeqs } = origin
    const before = new Map(nextSeqs)
    const request = fromBinary(LinkRequestSchema, compileFrame(template)(index + 1, origin))
    assert.equal(request.number, index + 1)
    const times = timesOf(request.batch!)
    const same = createOrigin('o')
    same.nextSeqs = before
    // The clock moves on between the two; everything else must be the same.
    same.lastTimeUs = times[0]! - 1
    const expected = batchOf(template, same)
    const shift = BigInt(timesOf(expected)[0]! - times[0]!)
    for (const run of expected.runs) run.firstTimeUs -= shift
    assert.deepEqual(request.batch, expected)
  }
})
