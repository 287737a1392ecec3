// What only the transports through Redis promise: leases, trimming, bounds, and a Redis that restarts.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { createClient } from 'redis'
import { startRedis } from '../../local/stack.ts'
import { BatchSchema, TraceSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { defer } from '../../test/defer.ts'
import { servers } from '../../test/servers.ts'
import { until } from '../../test/until.ts'
import type { Endpoint } from '../lib/endpoint.ts'
import { outcomes, recordsOf, Verdict, type Batch, type Outcome, type Sink } from './batch.ts'
import { createHopMetrics } from './metrics.ts'
import { createRedisDeadLetters } from './redis-dead-letters.ts'
import { stateKey, streamKey } from './redis-streams.ts'
import { createRedisPubsubSink } from './sinks/redis-pubsub.ts'
import { createRedisStreamSink } from './sinks/redis-stream.ts'
import { createRedisPubsubSource } from './sources/redis-pubsub.ts'
import { createRedisStreamSource } from './sources/redis-stream.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const PARTITIONS = 2

function endpointOf(
  url: string,
  scheme: string,
  path = '',
  parameters: Record<string, string> = {},
): Endpoint {
  const { host } = new URL(url)
  return { url, scheme, hosts: [host], path, parameters: new Map(Object.entries(parameters)) }
}

/** A batch of one run; the seqs tell what arrived. */
function batchOf(firstSeq: number, partition = 0, bytes = 10, count = 1): Batch {
  const run = { origin: 'o', partition, firstSeq: BigInt(firstSeq), count }
  const timeDeltasUs = Array.from({ length: count }, () => 0)
  return create(BatchSchema, { runs: [{ ...run, timeDeltasUs, events: new Uint8Array(bytes) }] })
}
const seqsOf = (batches: Batch[]) =>
  batches.flatMap(({ runs }) => runs.map(({ partition, firstSeq }) => `${partition}:${firstSeq}`))

async function createScene(t: TestContext, url = servers.redisUrl) {
  const pipeline = `it-${randomBytes(5).toString('hex')}`
  const redis = createClient({ url })
  redis.on('error', () => undefined)
  await redis.connect()
  defer(t, () => redis.destroy())
  const metrics = createHopMetrics(pipeline, 'test')
  /** A reader whose batches go to `deliver`; all it got, as it came. */
  const read = (
    deliver: (batch: Batch, lost?: AbortSignal) => Promise<Outcome> = () =>
      Promise.resolve(outcomes.stored()),
    group = 'g',
  ) => {
    const got: Batch[] = []
    const source = createRedisStreamSource(
      endpointOf(url, 'redis-stream', '', { group }),
      { pipeline, partitions: PARTITIONS },
      (batch, lost) => {
        got.push(batch)
        return deliver(batch, lost)
      },
      quiet,
      metrics,
    )
    let closed: Promise<void> | undefined
    const close = () => (closed ??= source.close())
    defer(t, close)
    return { got, close, source }
  }
  const open = async (sink: Sink) => {
    defer(t, () => sink.close())
    await until('the sink is ready', () => sink.notReady() === undefined)
    return sink
  }
  return {
    pipeline,
    redis,
    metrics,
    read,
    openStream: (backlog = '1000000') =>
      open(
        createRedisStreamSink(
          endpointOf(url, 'redis-stream', '', { 'backlog-bytes': backlog }),
          pipeline,
          quiet,
        ),
      ),
    openChannel: () => open(createRedisPubsubSink(endpointOf(url, 'redis-pubsub', pipeline), quiet)),
    listen(deliver: (batch: Batch) => Promise<Outcome>) {
      const source = createRedisPubsubSource(
        endpointOf(url, 'redis-pubsub', pipeline),
        1,
        deliver,
        quiet,
        metrics,
      )
      defer(t, () => source.close())
      return source
    },
    dropped: async () => (await metrics.dropped.get()).values.reduce((sum, { value }) => sum + value, 0),
    lengthOf: (partition: number) => redis.xLen(streamKey(pipeline, partition)),
  }
}

async function write(sink: Sink, batch: Batch, verdict: Verdict = Verdict.STORED): Promise<Outcome> {
  const outcome = await sink.write(batch)
  assert.equal(outcome.verdict, verdict, outcome.reason)
  return outcome
}

async function startOwnRedis(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-redis-'))
  defer(t, () => rm(dir, { recursive: true }))
  const server = await startRedis({ dir, settings: { appendonly: 'yes', appendfsync: 'always' } })
  defer(t, () => server.stop())
  return server
}

suite('streams and channels of Redis', { concurrency: true }, () => {
  test('a batch of several partitions goes to their streams, all or none', async (t) => {
    const { redis, pipeline, openStream, lengthOf } = await createScene(t)
    const sink = await openStream('100000')
    const both = (bytes: number) =>
      create(BatchSchema, { runs: [...batchOf(1, 0, bytes).runs, ...batchOf(1, 1).runs] })
    await write(sink, both(10))
    assert.deepEqual([await lengthOf(0), await lengthOf(1)], [1, 1])
    const { reason } = await write(sink, both(100_001), Verdict.FAILED)
    assert.match(
      reason,
      /:stream:0 holds \d+ bytes that its readers have not acknowledged; the most is 100000/,
    )
    assert.deepEqual([await lengthOf(0), await lengthOf(1)], [1, 1])
    assert.equal(await redis.type(stateKey(pipeline, 0)), 'hash')
  })

  test('trace contexts pass a stream and a channel, and a dead letter keeps its own', async (t) => {
    const { redis, pipeline, openStream, openChannel, read, listen, metrics } = await createScene(t)
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const traced = batchOf(1, 0, 30, 3)
    traced.runs[0]!.traces = [create(TraceSchema, { index: 1, traceparent })]
    const { got } = read()
    const heard: Batch[] = []
    const channel = listen((batch) => {
      heard.push(batch)
      return Promise.resolve(outcomes.stored())
    })
    await until('somebody listens', () => channel.notReady() === undefined)
    await write(await openStream(), traced)
    await write(await openChannel(), traced)
    await until('both have arrived', () => got.length === 1 && heard.length === 1)
    for (const batch of [got[0]!, heard[0]!]) assert.deepEqual(batch.runs[0]!.traces, traced.runs[0]!.traces)

    const { host } = new URL(servers.redisUrl)
    const stopped = new AbortController().signal
    const letters = createRedisDeadLetters(host, pipeline, stopped, quiet, metrics)
    defer(t, letters.close)
    const record = { origin: 'o', firstSeq: 1n, count: 1, timeDeltasUs: [0], events: Uint8Array.of(1, 65) }
    for (const traces of [[{ index: 0, traceparent }], []])
      await letters.rejected(create(BatchSchema, { runs: [{ ...record, traces }] }), 'too large')
    const written = await redis.xRange(`{${pipeline}}:dead-letters`, '-', '+')
    assert.deepEqual(
      written!.map(({ message }) => message['traceparent']),
      [traceparent, undefined],
    )
  })

  test('what all groups have is trimmed; a group that lags holds its part, and finds all of it', async (t) => {
    const { read, openStream, lengthOf } = await createScene(t)
    const slow = read(undefined, 'slow')
    const sink = await openStream()
    await write(sink, batchOf(1))
    await until('the slow group has it', () => slow.got.length === 1)
    await slow.close()
    const fast = read(undefined, 'fast')
    for (let seq = 2; seq <= 9; seq++) await write(sink, batchOf(seq))
    await until('the fast group has all', () => seqsOf(fast.got).length >= 8)
    assert.equal(await lengthOf(0), 8)
    const again = read(undefined, 'slow')
    await until('the slow group has all', () => seqsOf(again.got).length === 8)
    assert.deepEqual(
      seqsOf(again.got),
      Array.from({ length: 8 }, (_, index) => `0:${index + 2}`),
    )
    await until('the stream is empty', async () => (await lengthOf(0)) === 0)
  })

  test('a full stream takes batches again when its reader has acknowledged', async (t) => {
    const { read, openStream } = await createScene(t)
    const sink = await openStream('100000')
    for (let seq = 1; seq <= 9; seq++) await write(sink, batchOf(seq, 0, 10_000))
    await write(sink, batchOf(10, 0, 10_000), Verdict.FAILED)
    read()
    await until(
      'it has room',
      async () => (await sink.write(batchOf(10, 0, 10_000))).verdict === Verdict.STORED,
    )
  })

  test('one reader of a group reads, the next takes over when it closes and gets what was not acknowledged', async (t) => {
    const { read, openStream } = await createScene(t)
    const first = read((_batch, lost) => {
      // Holds its batch until it may not hold it any more, as a hop does whose sink is away.
      return new Promise((resolve) => lost?.addEventListener('abort', () => resolve(outcomes.failed('lost'))))
    })
    await until('the first reads', () => first.source.notReady() === undefined)
    const sink = await openStream()
    await write(sink, batchOf(1))
    await until('the first has it', () => first.got.length === 1)
    const second = read()
    await write(sink, batchOf(2))
    // Longer than a reader that stands by waits before it asks again.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    assert.equal(second.got.length, 0)
    assert.equal(second.source.notReady(), undefined)
    await first.close()
    await until('the second has both', () => seqsOf(second.got).length === 2)
    assert.deepEqual(seqsOf(second.got), ['0:1', '0:2'])
  })

  test('a reader that lost its lease acknowledges nothing', async (t) => {
    const { redis, pipeline, read, openStream, lengthOf } = await createScene(t)
    let finish: (outcome: Outcome) => void = () => undefined
    const zombie = read(() => new Promise((resolve) => (finish = resolve)))
    const sink = await openStream()
    await write(sink, batchOf(1))
    await until('the zombie has it', () => zombie.got.length === 1)
    await redis.set(`{${pipeline}}:stream:reader:g`, 'somebody else', { PX: 3_000 })
    finish(outcomes.stored())
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(await lengthOf(0), 1)
    assert.equal(await redis.hGet(stateKey(pipeline, 0), 'id:g'), '0-0')
    // When that lease has expired it reads on, from what is acknowledged.
    await until('it has it again', () => zombie.got.length === 2, 8_000)
    finish(outcomes.stored())
    await until('the stream is empty', async () => (await lengthOf(0)) === 0)
  })

  test('an entry that is no batch is counted and stepped over', async (t) => {
    const { redis, pipeline, read, openStream, dropped } = await createScene(t)
    await redis.xAdd(streamKey(pipeline, 0), '*', { hello: 'world' })
    await write(await openStream(), batchOf(1))
    const { got } = read()
    await until('the batch is there', () => got.length === 1)
    assert.equal(await dropped(), 1)
  })

  test('a Redis that is killed and comes back with its disk has lost nothing that the stream took', async (t) => {
    const server = await startOwnRedis(t)
    const { read, openStream } = await createScene(t, server.url)
    const { got } = read()
    const sink = await openStream()
    let seq = 1
    const writeAll = async (until_: number) => {
      for (; seq <= until_; seq++)
        await until('it is stored', async () => {
          const outcome = await sink.write(batchOf(seq)).catch(() => undefined)
          return outcome?.verdict === Verdict.STORED
        })
    }
    await writeAll(200)
    const writing = writeAll(400)
    server.kill('SIGKILL')
    await server.exited
    await server.restart()
    await writing
    await until('all are there', () => seqsOf(got).at(-1) === '0:400')
    // Some may have come twice; none is missing, and first comers are in order.
    assert.deepEqual(
      [...new Set(seqsOf(got))],
      Array.from({ length: 400 }, (_, index) => `0:${index + 1}`),
    )
  })

  test('a channel nobody listens to fails the batch, and a listener finds its way back after a restart', async (t) => {
    const server = await startOwnRedis(t)
    const { openChannel, listen } = await createScene(t, server.url)
    const sink = await openChannel()
    assert.match((await write(sink, batchOf(1), Verdict.FAILED)).reason, /^nobody listens to it-/)
    const got: Batch[] = []
    const source = listen((batch) => {
      got.push(batch)
      return Promise.resolve(outcomes.stored())
    })
    await until('it listens', () => source.notReady() === undefined)
    await write(sink, batchOf(1))
    server.kill('SIGKILL')
    await server.exited
    await until('it notices', () => source.notReady() !== undefined)
    await server.restart()
    await until('the batch is heard', async () => {
      const outcome = await sink.write(batchOf(2)).catch(() => undefined)
      return outcome?.verdict === Verdict.STORED
    })
    await until('it arrives', () => seqsOf(got).includes('0:2'))
    assert.equal(source.notReady(), undefined)
  })

  test('what a channel brings beyond the bounded queue is dropped and counted, and the rest goes on in order', async (t) => {
    const { redis, pipeline, openChannel, listen, dropped } = await createScene(t)
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const got: Batch[] = []
    const source = listen(async (batch) => {
      await held
      got.push(batch)
      return outcomes.stored()
    })
    await until('it listens', () => source.notReady() === undefined)
    const sink = await openChannel()
    for (let seq = 1; seq <= 40; seq++) await write(sink, batchOf(seq, 0, 1_048_576))
    await until('some are dropped', async () => (await dropped()) === 8)
    release()
    await until('the others are there', () => got.reduce((sum, batch) => sum + recordsOf(batch), 0) === 32)
    assert.deepEqual(
      seqsOf(got),
      Array.from({ length: 32 }, (_, index) => `0:${index + 1}`),
    )
    await redis.publish(pipeline, 'no batch')
    await until('it is counted', async () => (await dropped()) === 9)
    await write(sink, batchOf(41))
    await until('the next is there', () => got.length === 33)
  })
})
