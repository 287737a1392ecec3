import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { BatchSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { findFreePort } from '../../local/ports.ts'
import { defer } from '../../test/defer.ts'
import { until } from '../../test/until.ts'
import type { Log } from '../lib/log.ts'
import { readArguments } from './arguments.ts'
import { outcomes, Verdict, type Batch, type Outcome, type Sink } from './batch.ts'
import { startHop } from './hop.ts'
import { createWsSink } from './sinks/ws.ts'
import { createWsSource } from './sources/ws.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Starts a hop in this process; it is stopped with the test, last step first. */
async function start(t: TestContext, ...argv: string[]) {
  let running = true
  const releases: (() => unknown)[] = []
  const stop = async () => {
    running = false
    for (const release of releases.splice(0).toReversed()) await release()
  }
  defer(t, stop)
  const event = ['--event', 'scenarios.WeatherTweet', '--pipeline', 'weather', '--partitions', '3']
  await startHop(readArguments([...event, ...argv]), log, {
    onStop: (_name, release) => releases.push(release),
    running: () => running,
    fail: (cause) => assert.fail(String(cause)),
  })
  return { stop: () => (running = false) }
}

const endpointOf = (port: number) => {
  const hosts = [`127.0.0.1:${port}`]
  return { url: `ws://${hosts[0]}`, scheme: 'ws', hosts, path: '', parameters: new Map<string, string>() }
}

/** What the hop sends to: batches wait for `finish`. */
async function startReceiver(t: TestContext) {
  const port = await findFreePort()
  const got: Batch[] = []
  const out: { batch: Batch; finish: (outcome: Outcome) => void }[] = []
  const source = await createWsSource(endpointOf(port), (batch) => {
    got.push(batch)
    return new Promise((finish) => out.push({ batch, finish }))
  })
  defer(t, () => source.close())
  const finish = async (outcome = outcomes.stored()) => {
    await until('a batch has arrived', () => out.length > 0)
    out.shift()!.finish(outcome)
  }
  return { url: `ws://127.0.0.1:${port}`, got, out, finish }
}

/** A peer that sends batches to a hop in the middle. */
async function openPeer(t: TestContext, port: number) {
  const sink = createWsSink(endpointOf(port), log)
  defer(t, () => sink.close())
  await until('the link is ready', () => sink.notReady() === undefined)
  return sink
}

type BatchInit = MessageInitShape<typeof BatchSchema>
const runOf = (origin: string) => ({
  origin,
  firstSeq: 1n,
  count: 1,
  timeDeltasUs: [0],
  events: Uint8Array.of(1, 65),
})
const batchOf = (origin: string, change: Exclude<BatchInit, Batch> = {}) =>
  create(BatchSchema, { runs: [runOf(origin)], ...change })
const originsOf = (batch: Batch) => batch.runs.map(({ origin }) => origin)

async function startMiddle(t: TestContext) {
  const receiver = await startReceiver(t)
  const port = await findFreePort()
  await start(t, '--from', `ws://127.0.0.1:${port}`, '--to', receiver.url)
  const peer = await openPeer(t, port)
  // The first batch occupies the lane, so that the next ones meet in the queue.
  const first = peer.write(batchOf('first'))
  await until('the first is out', () => receiver.out.length === 1)
  return { ...receiver, peer, other: await openPeer(t, port), first }
}

test('a hop in the middle joins the batches of its peers, and each gets the outcome', async (t) => {
  const { peer, other, first, got, finish } = await startMiddle(t)
  const written = [peer.write(batchOf('a')), other.write(batchOf('b'))]
  await takenIn(peer, other)
  await finish()
  assert.equal((await first).verdict, Verdict.STORED)
  await finish(outcomes.failed('away'))
  for (const outcome of await Promise.all(written))
    assert.deepEqual([outcome.verdict, outcome.reason], [Verdict.FAILED, 'away'])
  assert.deepEqual(got.map(originsOf), [['first'], ['a', 'b']])
})

/** A link keeps order, so when an empty batch is refused, what was sent before it has been taken in. */
async function takenIn(...peers: Sink[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer.write(create(BatchSchema))))
}

for (const [name, refusal] of Object.entries({
  rejected: outcomes.rejected('too large'),
  'above a gap': outcomes.gap(7n),
})) {
  test(`one peer's batch that is ${name} does not condemn another's good one`, async (t) => {
    const { peer, other, got, finish } = await startMiddle(t)
    const bad = peer.write(batchOf('bad'))
    const good = other.write(batchOf('good'))
    await takenIn(peer, other)
    await finish()
    await finish(refusal)
    for (let n = 0; n < 2; n++) {
      await until('each is tried alone', () => got.length === 4)
      const alone = got[2 + n]!
      await finish(originsOf(alone)[0] === 'bad' ? refusal : outcomes.stored())
    }
    assert.deepEqual([(await bad).verdict, (await good).verdict], [refusal.verdict, Verdict.STORED])
  })
}

test('batches from a log are not joined, because a log range speaks for one batch', async (t) => {
  const { peer, other, got, finish } = await startMiddle(t)
  const ranges = [5n, 9n].map((firstOffset) => ({ topic: 't', firstOffset, nextOffset: firstOffset + 1n }))
  const fromLog = (origin: string, log: (typeof ranges)[0]) =>
    batchOf(origin, { runs: [{ ...runOf(origin), offsetDeltas: [0] }], log })
  const written = [peer.write(fromLog('a', ranges[0]!)), other.write(fromLog('b', ranges[1]!))]
  await takenIn(peer, other)
  for (let n = 0; n < 3; n++) await finish()
  await Promise.all(written)
  assert.deepEqual(
    new Map(got.slice(1).map((batch) => [originsOf(batch).join(), batch.log!.firstOffset])),
    new Map([
      ['a', 5n],
      ['b', 9n],
    ]),
  )
})

async function startIntake(t: TestContext, ...more: string[]) {
  const port = await findFreePort()
  const hop = await start(t, '--from', `http://127.0.0.1:${port}`, ...more)
  const url = `http://127.0.0.1:${port}`
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify({ text: 'llueve', country: 'Perú' })
  const post = () => fetch(`${url}/input`, { method: 'POST', headers, body })
  const ready = async () => {
    const response = await fetch(`${url}/readyz`)
    return [response.status, (await response.text()).trim()]
  }
  return { ...hop, post, ready }
}

test('an intake answers when its --to has the batch; --then gets it afterwards, without a say', async (t) => {
  const [to, then] = [await startReceiver(t), await startReceiver(t)]
  const { post, ready } = await startIntake(t, '--to', to.url, '--then', then.url)
  await until('it is ready', async () => (await ready())[0] === 200)
  const answer = post()
  await until('the log gets it', () => to.out.length === 1)
  assert.equal(then.got.length, 0)
  await to.finish()
  assert.equal((await answer).status, 202)
  await then.finish(outcomes.failed('away'))
  assert.deepEqual(then.got.map(originsOf), to.got.map(originsOf))
})

test('an intake retries what its --to does not take, and the client waits', async (t) => {
  const to = await startReceiver(t)
  const { post, ready } = await startIntake(t, '--to', to.url)
  await until('it is ready', async () => (await ready())[0] === 200)
  const answer = post()
  for (const outcome of [outcomes.failed('away'), outcomes.failed('away'), outcomes.stored()])
    await to.finish(outcome)
  assert.equal((await answer).status, 202)
  assert.equal(to.got.length, 3)
})

test('an event counts only when every --to has it', async (t) => {
  const [one, two] = [await startReceiver(t), await startReceiver(t)]
  const { post, ready } = await startIntake(t, '--to', one.url, '--to', two.url)
  await until('it is ready', async () => (await ready())[0] === 200)
  let answered = false
  const answer = post().finally(() => (answered = true))
  await one.finish()
  await until('the second has it', () => two.out.length === 1)
  assert.equal(answered, false)
  await two.finish()
  assert.equal((await answer).status, 202)
})

test('readiness says which sink is away, and that the hop is stopping', async (t) => {
  const nobody = `ws://127.0.0.1:${await findFreePort()}`
  const { ready, stop } = await startIntake(t, '--to', nobody)
  const [status, reason] = await ready()
  assert.equal(status, 503)
  assert.ok(String(reason).startsWith(`${nobody}: `), String(reason))
  stop()
  assert.deepEqual(await ready(), [503, 'stopping'])
})

test('the program lists every mistake of its command line on stderr and exits with 2', () => {
  const main = new URL('./main.ts', import.meta.url).pathname
  const { status, stderr, stdout } = spawnSync(process.execPath, [main, '--lanes', '0', '--to', 'x'], {
    encoding: 'utf8',
  })
  assert.deepEqual([status, stdout], [2, ''])
  const lines = stderr.trim().split('\n')
  assert.ok(lines.length >= 5 && lines.every((line) => line.startsWith('error: --')), stderr)
})
