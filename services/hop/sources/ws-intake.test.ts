import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { defer } from '../../../test/defer.ts'
import { until } from '../../../test/until.ts'
import { outcomes, recordsOf, type Batch, type Outcome } from '../batch.ts'
import type { IntakeOptions } from '../intake.ts'
import { openIntake } from './open-intake.ts'

const CREDITS = 2_000

/** An intake whose batches wait for `finish`, unless `change` brings another log. */
async function startIntake(t: TestContext, change: Partial<IntakeOptions> = {}) {
  const out: { batch: Batch; finish: (outcome: Outcome) => void }[] = []
  const { address, intake, source } = await openIntake({
    partitions: 1,
    persist: (batch) => new Promise((finish) => out.push({ batch, finish })),
    ...change,
  })
  let closed: Promise<void> | undefined
  const close = () => (closed ??= source.close())
  defer(t, async () => {
    const closing = close()
    const finishing = setInterval(() => out.shift()?.finish(outcomes.stored()), 1)
    await closing
    clearInterval(finishing)
  })
  const store = async () => {
    await until('a batch is out', () => out.length > 0)
    out.shift()!.finish(outcomes.stored())
  }
  return { address, intake, out, store, close }
}

const quick = { persist: () => Promise.resolve(outcomes.stored()) }

type Frame = {
  credits?: number
  closing?: number
  n?: number
  results?: { status: number; id?: string; error?: string }[]
}

/** A client, with the frames that it got and how its connection ended. */
async function open(t: TestContext, address: string) {
  const socket = new WebSocket(`ws://${address}/events`)
  const frames: Frame[] = []
  const ends: { code: number; reason: string }[] = []
  socket.onmessage = ({ data }) => frames.push(JSON.parse(String(data)) as Frame)
  socket.onclose = ({ code, reason }) => ends.push({ code, reason })
  defer(t, () => socket.close())
  await until('the credits are granted', () => frames.length === 1)
  const send = (n: number, events: unknown[]) => socket.send(JSON.stringify({ n, events }))
  return { socket, frames, ends, send }
}

const tweet = { text: 'llueve', country: 'Perú' }
const tweets = (count: number) => Array.from({ length: count }, () => tweet)

test('the server grants its credits when a connection opens', async (t) => {
  const { address } = await startIntake(t, quick)
  const { frames } = await open(t, address)
  assert.deepEqual(frames, [{ credits: CREDITS }])
})

test('a frame is answered under its number, with one result for each event, in order', async (t) => {
  const { address, intake } = await startIntake(t, quick)
  const { frames, send } = await open(t, address)
  send(7, [tweet, { text: 'x' }, tweet, null])
  await until('it is answered', () => frames.length === 2)
  const { n, results } = frames[1]!
  assert.equal(n, 7)
  assert.deepEqual(
    results!.map(({ status, id }) => [status, id]),
    [
      [202, `${intake.origin}-0-1`],
      [400, undefined],
      [202, `${intake.origin}-0-2`],
      [400, undefined],
    ],
  )
  assert.match(results![1]!.error!, /^country: /)
})

test('frames are answered when the log has their events, and not before', async (t) => {
  const { address, out, store } = await startIntake(t)
  const { frames, send } = await open(t, address)
  send(1, tweets(3))
  await until('the batch is out', () => out.length === 1)
  send(2, tweets(2))
  send(3, [{}])
  await until('the frame without a good event is answered', () => frames.length === 2)
  assert.equal(frames[1]!.n, 3)
  await store()
  await until('the first frame is answered', () => frames.length === 3)
  await store()
  await until('the second frame is answered', () => frames.length === 4)
  assert.deepEqual([frames[2]!.n, frames[3]!.n], [1, 2])
})

test('an answered frame gives its credits back', async (t) => {
  const { address } = await startIntake(t, quick)
  const { frames, ends, send } = await open(t, address)
  for (let n = 1; n <= 4; n++) {
    // Refused events cost credits too, and give them back.
    send(n, n % 2 === 1 ? tweets(1_000) : Array.from({ length: 1_000 }, () => ({})))
    if (n >= 2) await until(`frame ${n - 1} is answered`, () => frames.some((frame) => frame.n === n - 1))
  }
  await until('all are answered', () => frames.length === 5)
  assert.deepEqual(ends, [])
})

test('a client that sends beyond its credits is cut off with 1008, and what it sent within them is not lost', async (t) => {
  const { address, out, store, intake } = await startIntake(t)
  const { frames, ends, send } = await open(t, address)
  send(1, tweets(1_000))
  await until('the first batch is out', () => out.length === 1)
  send(2, tweets(999))
  send(3, tweets(2))
  await until('it is closed', () => ends.length === 1)
  assert.deepEqual(ends, [{ code: 1008, reason: '2 events, but 1 credits' }])
  assert.equal(frames.length, 1)
  await store()
  await until('the queue is empty', () => intake.queuedBytes() === 0)
})

const badFrames: [name: string, frame: string | Uint8Array, reason: RegExp][] = [
  ['no JSON', 'hello', /^the body is not valid JSON: mistake/],
  ['an empty frame', '', /^the body is empty/],
  ['invalid UTF-8', Uint8Array.of(0xff, 0xfe), /^the body is not valid UTF-8$/],
  ['null', 'null', /^a frame is \{"n": <number>, "events": \[ … \]\}$/],
  ['an array', JSON.stringify(tweets(2)), /^a frame is /],
  ['an event alone', JSON.stringify(tweet), /^a frame is /],
  ['a number that is none', JSON.stringify({ n: '1', events: [tweet] }), /^a frame is /],
  ['a number too large', '{"n": 1e300, "events": []}', /^a frame is /],
  ['events that are no list', JSON.stringify({ n: 1, events: tweet }), /^a frame is /],
  ['no event', JSON.stringify({ n: 1, events: [] }), /^a frame holds 1 to 1000 events$/],
  ['too many events', JSON.stringify({ n: 1, events: tweets(1_001) }), /^a frame holds 1 to 1000 events$/],
]
test('a bad frame closes its connection with 1008 and a reason, and no other connection', async (t) => {
  const { address } = await startIntake(t, quick)
  const bystander = await open(t, address)
  for (const [name, frame, reason] of badFrames) {
    const { socket, ends } = await open(t, address)
    socket.send(frame)
    await until(`${name} is closed`, () => ends.length === 1)
    assert.equal(ends[0]!.code, 1008, name)
    assert.match(ends[0]!.reason, reason, name)
  }
  bystander.send(1, [tweet])
  await until('the bystander is answered', () => bystander.frames.length === 2)
})

test('a frame above a megabyte closes its connection', async (t) => {
  const { address } = await startIntake(t, quick)
  const { socket, ends } = await open(t, address)
  socket.send('x'.repeat(1_048_577))
  await until('it is closed', () => ends.length === 1)
})

test('when a client goes away, what is in no batch yet is dropped, and what is in one is stored', async (t) => {
  const { address, out, store, intake } = await startIntake(t)
  const leaving = await open(t, address)
  const staying = await open(t, address)
  leaving.send(1, tweets(5))
  await until('the first batch is out', () => out.length === 1)
  const before = intake.queuedBytes()
  leaving.send(2, tweets(7))
  await until('the frame is queued', () => intake.queuedBytes() > before)
  leaving.socket.close()
  await until('it is closed', () => leaving.ends.length === 1)
  staying.send(1, tweets(2))
  await until('the other frame is queued', () => intake.queuedBytes() > before * 2.5)
  assert.equal(recordsOf(out[0]!.batch), 5)
  await store()
  await until('the next batch is out', () => out.length === 1)
  assert.equal(recordsOf(out[0]!.batch), 2)
  assert.equal(out[0]!.batch.runs[0]!.firstSeq, 6n)
  await store()
  await until('the client that stayed is answered', () => staying.frames.length === 2)
})

test('a server that leaves says so, answers what is in flight, and then closes', async (t) => {
  const { address, out, store, close } = await startIntake(t)
  const { frames, ends, send } = await open(t, address)
  send(1, [tweet])
  await until('the batch is out', () => out.length === 1)
  const closing = close()
  await until('it says so', () => frames.length === 2)
  assert.deepEqual(frames[1], { closing: 1012 })
  // A frame that crosses the announcement.
  send(2, [tweet])
  await store()
  await store()
  await closing
  await until('it is closed', () => ends.length === 1)
  assert.deepEqual(
    frames.slice(2).map(({ n, results }) => [n, results?.[0]?.status]),
    [
      [1, 202],
      [2, 202],
    ],
  )
})
