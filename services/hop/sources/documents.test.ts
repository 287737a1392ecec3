import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadEventType } from '../../lib/event-type.ts'
import type { EventDocument } from '../../lib/mongo.ts'
import { splitEvents } from '../../lib/wire.ts'
import { readDocument, runsOfEvents } from './documents.ts'

const eventType = loadEventType('scenarios.CovidCase')
const fields = { name: 'Ana Xol', location: 'Cobán', age: 35, infectedtype: 'contact', state: 'mild' }
const START_US = 1_790_000_000_000_123
const at = new Date(1_790_000_000_500)

function documentOf(seq: number, rest: Partial<EventDocument> = {}, origin = 'o'): EventDocument {
  const timeUs = START_US + seq
  const time = new Date(Math.floor(timeUs / 1_000))
  return { _id: `${origin}-2-${seq}`, ...fields, time, route: 'api', log: { at, timeUs }, ...rest }
}
const read = (document: EventDocument) => readDocument(document, eventType)

test('a document gives back the bytes that were stored, and the whole time', () => {
  const { bytes } = eventType.encode(fields)
  const document = { ...documentOf(7), ...eventType.toDocument(bytes) }
  assert.deepEqual(read(document), {
    name: 'o-2',
    origin: 'o',
    partition: 2,
    seq: 7,
    atMs: at.getTime(),
    timeUs: START_US + 7,
    route: 'api',
    bytes: new Uint8Array(bytes),
  })
})

test('a traced document carries its context into its place in a run; one that is malformed is left out', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const contexts = [undefined, traceparent, 'x', undefined, traceparent]
  const events = contexts.map((context, n) => {
    const log = { at, timeUs: START_US + n, ...(context !== undefined && { traceparent: context }) }
    return read(documentOf(n + 1, { log }))!
  })
  const [run] = runsOfEvents(events)
  assert.deepEqual(
    run!.traces.map((trace) => [trace.index, trace.traceparent]),
    [
      [1, traceparent],
      [4, traceparent],
    ],
  )
})

test('what is no event of the log is left out', () => {
  const { log: _log, ...without } = documentOf(1)
  const strange = [
    without,
    documentOf(1, { _id: 'x' }),
    documentOf(0),
    documentOf(1, { log: { topic: 't', partition: 0, offset: 0 } }),
  ]
  for (const document of strange) assert.equal(read(document), undefined, JSON.stringify(document))
})

test('a document that somebody spoiled keeps its number, so that it is no gap', () => {
  const event = read(documentOf(3, { age: 'old' }))
  assert.equal(event?.seq, 3)
  assert.throws(() => eventType.toDocument(event!.bytes))
})

test('events become runs of consecutive numbers, each taken once, whatever order they come in', () => {
  const events = [5, 1, 2, 2, 4, 3, 7].map((seq) => read(documentOf(seq))!)
  const other = read(documentOf(1, {}, 'p'))!
  const later = read(documentOf(8, { log: { at, timeUs: START_US } }))!
  const runs = runsOfEvents([...events, other, later])
  assert.deepEqual(
    runs.map(({ origin, firstSeq, count }) => [origin, Number(firstSeq), count]),
    [
      ['o', 1, 5],
      ['o', 7, 1],
      // Its time is before that of 7, and times rise within a run.
      ['o', 8, 1],
      ['p', 1, 1],
    ],
  )
  assert.deepEqual(runs[0]!.timeDeltasUs, [0, 1, 2, 3, 4])
  assert.equal(splitEvents(runs[0]!.events, 5).length, 5)
})
