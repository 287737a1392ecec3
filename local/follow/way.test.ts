import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline } from '../../pipelines/weather.ts'
import { wayOf, type Facts } from './way.ts'

const totals = (passed: number, tookMs = 0, ageMs = 0) => {
  return { batches: passed, records: passed, batchMs: tookMs, ageMs }
}
/** The POST was written at a whole millisecond of the wall clock, so that the sums below are round. */
const writtenAt = 1_000 - (performance.timeOrigin % 1)
const intakeTimeMs = Math.round(performance.timeOrigin + writtenAt) + 1
const facts: Facts = {
  pipeline,
  intake: 'api',
  posted: { id: 'a-0-1', writtenAt, answeredAt: writtenAt + 8 },
  watched: {
    polls: 3,
    place: { topic: 'messages', partition: 0, offset: 7 },
    intakeTimeMs,
    mongodb: { notYetAt: writtenAt + 20, at: writtenAt + 26 },
    redis: { at: writtenAt + 12 },
  },
  before: { api: totals(2), publisher: totals(2), archiver: totals(2) },
  after: { api: totals(3, 5, 6), publisher: totals(3, 2, 4), archiver: totals(3, 3, 21) },
  reached: ['api', 'publisher', 'archiver'],
  stores: new Set(['kafka', 'mongodb', 'redis']),
  waitedMs: 15_000,
}
const spans = (way: ReturnType<typeof wayOf>) =>
  way.steps.map(({ who, what, fromMs, toMs, knownBy }) => {
    const [from, to] = [fromMs, toMs].map((ms) => Math.round(ms * 10) / 10)
    return `${who}: ${what}, ${from} to ${to}, ${knownBy}`
  })

test('each step lies between its instants, counted from the POST', () => {
  const way = wayOf(facts)
  assert.deepEqual(spans(way), [
    'client: POST → 202, 0 to 8, clock',
    'MongoDB: has the document, 20 to 26, polls',
    'Redis: has counted it, 0 to 12, polls',
    'Kafka: has it: partition 0, offset 7, 0 to 8, polls',
    'api: took it, 0 to 1.5, metrics',
    'api: http → publisher, 2.5 to 7.5, metrics',
    'publisher: grpc → Kafka, 3.5 to 5.5, metrics',
    'archiver: Kafka → MongoDB, 19.5 to 22.5, metrics',
  ])
  assert.equal(way.axisMs, writtenAt + 26 - writtenAt)
  assert.deepEqual([way.unknown, way.missing], [[], []])
})

test('a hop through which others passed, or nothing did, has no time, and the reason is told', () => {
  const after = { ...facts.after, publisher: totals(5, 9, 9), archiver: totals(2) }
  const way = wayOf({ ...facts, after })
  assert.deepEqual(way.unknown, [
    'publisher: 3 events passed meanwhile, so its sums do not tell ours',
    'archiver: not passed in 15 s',
  ])
  assert.ok(!spans(way).some((line) => /publisher:|archiver:/.test(line)))
})

test('a store that the pipeline does not write to is not missed', () => {
  const way = wayOf({ ...facts, watched: { polls: 1 }, stores: new Set(['redis']) })
  assert.deepEqual(way.missing, ['Redis was not seen to have it in 15 s'])
})

test('a store that was not seen to have the event is named', () => {
  const way = wayOf({ ...facts, watched: { polls: 1 } })
  assert.deepEqual(way.missing, [
    'MongoDB was not seen to have it in 15 s',
    'Redis was not seen to have it in 15 s',
    'Kafka was not seen to have it',
  ])
  assert.deepEqual(spans(way), ['client: POST → 202, 0 to 8, clock'])
})
