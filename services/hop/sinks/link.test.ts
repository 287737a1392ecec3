import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { BatchSchema, LinkResponseSchema, type LinkRequest } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { defer } from '../../../test/defer.ts'
import type { Log } from '../../lib/log.ts'
import { outcomes, Verdict, type Outcome } from '../batch.ts'
import { createLinkSink, type OpenChannel } from './link.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {} }
const batch = create(BatchSchema, { runs: [{ origin: 'o', firstSeq: 1n, count: 1 }] })

/** One connection that the sink opened, and what the peer may do with it. */
type Connection = { requests: LinkRequest[]; closed: boolean } & ReturnType<typeof peerOf>

function peerOf(events: Parameters<OpenChannel>[0]) {
  return {
    grant: (credits: number) => events.response(create(LinkResponseSchema, { credits })),
    answer: (number: number, outcome: Outcome = outcomes.stored()) =>
      events.response(create(LinkResponseSchema, { number, outcome })),
    breakOff: (reason: string) => events.closed(reason),
  }
}

/** A sink on connections that the test plays the peer of, with a mocked clock. */
function openSink(t: TestContext, broken: () => boolean = () => false) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_764_000_000_000 })
  const connections: Connection[] = []
  const sink = createLinkSink(
    'test://peer',
    (events) => {
      if (broken()) throw new Error('no such host')
      const connection: Connection = { requests: [], closed: false, ...peerOf(events) }
      connections.push(connection)
      return {
        send: (request) => connection.requests.push(request),
        close() {
          connection.closed = true
          // As a socket may: it reports its end while it is being closed.
          events.closed('closed by us')
        },
      }
    },
    log,
  )
  defer(t, () => sink.close())
  const last = () => connections.at(-1)!
  /** A write, with its end once it has one. */
  const write = () => {
    const result: { outcome?: Outcome; error?: string } = {}
    sink.write(batch).then(
      (outcome) => (result.outcome = outcome),
      (cause: unknown) => (result.error = (cause as Error).message),
    )
    return result
  }
  return { sink, connections, last, write, tick: (ms: number) => t.mock.timers.tick(ms) }
}
const settle = () => new Promise(setImmediate)

test('a link is not ready, and takes no batch, before the peer has granted credits', async (t) => {
  const { sink, last, write } = openSink(t)
  assert.equal(sink.notReady(), 'test://peer: not connected yet')
  const early = write()
  await settle()
  assert.equal(early.error, 'not connected yet')
  last().grant(2)
  assert.equal(sink.notReady(), undefined)
  const sent = write()
  await settle()
  assert.deepEqual([last().requests.length, sent], [1, {}])
})

test('batches are numbered 1, 2, 3 …, and each gets the outcome that bears its number', async (t) => {
  const { last, write } = openSink(t)
  last().grant(5)
  const writes = [write(), write(), write()]
  await settle()
  assert.deepEqual(
    last().requests.map(({ number }) => number),
    [1, 2, 3],
  )
  last().answer(2, outcomes.gap(7n))
  last().answer(3, outcomes.rejected('no'))
  last().answer(1)
  await settle()
  assert.deepEqual(
    writes.map(({ outcome }) => outcome!.verdict),
    [Verdict.STORED, Verdict.REFUSED_GAP, Verdict.REJECTED],
  )
})

test('never more batches are out than the credits, however answers and writers come together', async (t) => {
  const { last, write } = openSink(t)
  const credits = 3
  last().grant(credits)
  const writes: { outcome?: Outcome }[] = []
  const answered = new Set<number>()
  let state = 5
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const out = () => last().requests.filter(({ number }) => !answered.has(number))
  for (let step = 0; step < 2_000; step++) {
    // Answers of one packet come without a turn between them, and writers follow them at once.
    for (let n = Math.floor(random() * 4); n > 0 && out().length > 0; n--) {
      const { number } = out()[Math.floor(random() * out().length)]!
      answered.add(number)
      last().answer(number)
      if (random() < 0.5) writes.push(write())
    }
    if (writes.length < step / 2) writes.push(write())
    if (random() < 0.5) await Promise.resolve()
    if (random() < 0.3) await settle()
    assert.ok(out().length <= credits, `${out().length} batches are out`)
  }
  for (let n = 0; n < 3_000 && out().length > 0; n++) {
    const { number } = out()[0]!
    answered.add(number)
    last().answer(number)
    await settle()
  }
  assert.equal(writes.filter(({ outcome }) => outcome === undefined).length, 0, 'a writer waits for ever')
})

test('when the link breaks, what is out and what waits for a credit fails at once', async (t) => {
  const { sink, last, write } = openSink(t)
  last().grant(1)
  const [out, waiting] = [write(), write()]
  await settle()
  last().breakOff('reset by peer')
  await settle()
  assert.deepEqual([out.error, waiting.error], ['reset by peer', 'reset by peer'])
  assert.equal(sink.notReady(), 'test://peer: reset by peer')
  assert.equal(last().closed, true)
})

test('a new connection begins anew: number 1, its own credits, deaf to the old one', async (t) => {
  const { connections, last, write, tick } = openSink(t)
  last().grant(4)
  write()
  await settle()
  last().breakOff('reset by peer')
  tick(50)
  assert.equal(connections.length, 2)
  last().grant(1)
  const [first, second] = [write(), write()]
  await settle()
  assert.deepEqual(
    last().requests.map(({ number }) => number),
    [1],
  )
  const [old, fresh] = [connections[0]!, connections[1]!]
  old.answer(1, outcomes.failed('from the old one'))
  old.grant(99)
  old.breakOff('again')
  await settle()
  assert.deepEqual([first, second], [{}, {}])
  fresh.answer(1)
  await settle()
  assert.equal(first.outcome!.verdict, Verdict.STORED)
  assert.equal(fresh.requests.length, 2)
})

test('it reconnects after 50 ms, then twice as long each time up to a second, and at once again after success', (t) => {
  const { connections, last, tick } = openSink(t)
  const waits: number[] = []
  for (let n = 0; n < 8; n++) {
    const before = connections.length
    last().breakOff('refused')
    let ms = 0
    for (; connections.length === before; ms += 10) tick(10)
    waits.push(ms)
  }
  assert.deepEqual(waits, [50, 100, 200, 400, 800, 1_000, 1_000, 1_000])
  last().grant(1)
  last().breakOff('gone')
  tick(50)
  assert.equal(connections.length, 10)
})

test('a connection that cannot even be opened is tried again', (t) => {
  let broken = true
  const { sink, connections, tick } = openSink(t, () => broken)
  assert.match(sink.notReady()!, /no such host/)
  broken = false
  tick(50)
  assert.equal(connections.length, 1)
})

test('an answer to a batch that is not out breaks the link, because the two no longer agree', async (t) => {
  const { last, write } = openSink(t)
  last().grant(2)
  const out = write()
  await settle()
  last().answer(7)
  await settle()
  assert.match(out.error!, /an answer to batch 7, which is not out/)
})

test('a peer that does not answer for ten seconds is dead: the batch fails and the link is opened anew', async (t) => {
  const { connections, last, write, tick } = openSink(t)
  last().grant(2)
  const stuck = write()
  await settle()
  tick(9_900)
  await settle()
  assert.deepEqual(stuck, {})
  tick(1_200)
  await settle()
  assert.match(stuck.error!, /no answer in 10000 ms/)
  tick(50)
  assert.deepEqual([connections.length, connections[0]!.closed], [2, true])
})

test('a peer that grants no credits within three seconds is left', (t) => {
  const { connections, tick } = openSink(t)
  tick(2_900)
  assert.equal(connections.length, 1)
  tick(1_200)
  tick(50)
  assert.deepEqual([connections.length, connections[0]!.closed], [2, true])
})

test('after close nothing is taken, what is out fails, and no connection is opened any more', async (t) => {
  const { sink, connections, last, write, tick } = openSink(t)
  last().grant(2)
  const out = write()
  await settle()
  await sink.close()
  const late = write()
  await settle()
  assert.deepEqual([out.error, late.error, last().closed], ['closed', 'closed', true])
  tick(60_000)
  assert.equal(connections.length, 1)
})
