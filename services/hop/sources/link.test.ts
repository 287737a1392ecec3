import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { BatchSchema, LinkRequestSchema, type LinkResponse } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { LINK_CREDITS, MAX_BATCH_RECORDS, outcomes, Verdict, type Batch, type Outcome } from '../batch.ts'
import { mistakeOf, openLinkPeer } from './link.ts'

const goodRun = { origin: 'o', firstSeq: 1n, count: 2, timeDeltasUs: [0, 1], events: Uint8Array.of(1, 65, 0) }
const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
const log = { topic: 't', firstOffset: 5n, nextOffset: 7n }
const batchOf = (init: MessageInitShape<typeof BatchSchema>) => create(BatchSchema, init)

/** A peer whose batches wait for `finish`. */
function openPeer() {
  const sent: LinkResponse[] = []
  const out: { batch: Batch; finish: (outcome: Outcome) => void }[] = []
  let settled = 0
  const deliver = (batch: Batch) => new Promise<Outcome>((finish) => out.push({ batch, finish }))
  const peer = openLinkPeer(
    deliver,
    (response) => sent.push(response),
    () => settled++,
  )
  const take = (number: number, batch: Batch = batchOf({ runs: [goodRun] })) =>
    peer.take(create(LinkRequestSchema, { number, batch }))
  return { peer, sent, out, take, settled: () => settled }
}

test('the credits are sent first', () => {
  const { sent } = openPeer()
  assert.deepEqual(
    sent.map(({ credits, number, outcome }) => [credits, number, outcome]),
    [[LINK_CREDITS, 0, undefined]],
  )
})

test('each batch is answered under its number, with its outcome, when it ends', async () => {
  const { peer, sent, out, take, settled } = openPeer()
  for (const number of [1, 2, 3]) assert.equal(take(number), undefined)
  assert.equal(peer.inFlight(), 3)
  const ends = [outcomes.gap(9n), outcomes.stored(), outcomes.failed('away')]
  for (const index of [1, 0, 2]) out[index]!.finish(ends[index]!)
  await new Promise(setImmediate)
  assert.deepEqual(
    sent.slice(1).map(({ number, outcome, credits }) => [number, outcome, credits]),
    [
      [2, ends[1], 0],
      [1, ends[0], 0],
      [3, ends[2], 0],
    ],
  )
  assert.deepEqual([peer.inFlight(), settled()], [0, 3])
})

test('a peer that sends beyond its credits must go, and one whose batch is answered may send again', async () => {
  const { out, take } = openPeer()
  for (let number = 1; number <= LINK_CREDITS; number++) assert.equal(take(number), undefined)
  out[0]!.finish(outcomes.stored())
  await new Promise(setImmediate)
  assert.equal(take(LINK_CREDITS + 1), undefined)
  assert.equal(take(LINK_CREDITS + 2), `more than ${LINK_CREDITS} batches in flight`)
})

test('a request without a batch ends the link', () => {
  const { peer } = openPeer()
  assert.equal(peer.take(create(LinkRequestSchema, { number: 1 })), 'a request holds a batch')
})

const many = { ...goodRun, count: MAX_BATCH_RECORDS + 1, events: new Uint8Array(3_000) }
const mistakes: [mistake: RegExp, batch: Batch][] = [
  [/^2001 records in a batch, and 2000 is the most$/, batchOf({ runs: [many] })],
  [/^4294967297 records/, batchOf({ runs: [goodRun, { ...goodRun, count: 0xffffffff }] })],
  [/^a run without origin$/, batchOf({ runs: [{ ...goodRun, origin: '' }] })],
  [/^run o-0-1: holds no event$/, batchOf({ runs: [{ ...goodRun, count: 0, timeDeltasUs: [] }] })],
  [/^run o-0-1: 2 events in 1 bytes$/, batchOf({ runs: [{ ...goodRun, events: Uint8Array.of(0) }] })],
  [/^run o-0-1: 1 times for 2 events$/, batchOf({ runs: [{ ...goodRun, timeDeltasUs: [0] }] })],
  [
    /^run o-0-1: not every event has its offset$/,
    batchOf({ runs: [{ ...goodRun, offsetDeltas: [0] }], log }),
  ],
  ...[
    [{ index: 2, traceparent }],
    [{ index: 0, traceparent: 'x' }],
    [{ index: 0, traceparent: traceparent.replace(/1$/, '0') }],
    [1, 0].map((index) => ({ index, traceparent })),
    [0, 0].map((index) => ({ index, traceparent })),
  ].map((traces): [RegExp, Batch] => [
    /^run o-0-1: a trace context with a mistake$/,
    batchOf({ runs: [{ ...goodRun, traces }] }),
  ]),
  [/^an empty batch$/, batchOf({})],
]
for (const [nth, [mistake, batch]] of mistakes.entries()) {
  test(`a batch with a mistake is rejected and never handed on: ${nth} ${mistake.source}`, () => {
    const { sent, out, take, peer } = openPeer()
    assert.equal(take(1, batch), undefined)
    assert.equal(out.length, 0)
    assert.equal(sent[1]!.outcome?.verdict, Verdict.REJECTED)
    assert.match(sent[1]!.outcome.reason, mistake)
    assert.equal(peer.inFlight(), 0)
  })
}

test('good batches have no mistake: events, events from a log, traced ones, and an empty one that moves the log position', () => {
  const fromLog = { ...goodRun, offsetDeltas: [0, 1] }
  const traced = { ...goodRun, traces: [0, 1].map((index) => ({ index, traceparent })) }
  const runs = [goodRun, traced, { ...traced, traces: traced.traces.slice(1) }]
  for (const batch of [batchOf({ runs }), batchOf({ runs: [fromLog], log }), batchOf({ log })])
    assert.equal(mistakeOf(batch), undefined)
})
