// Every transport between two hops, each a process of its own: HTTP intake → transport → MongoDB, and a WebSocket
// peer in the test that sees what arrives in which order and can hold or refuse it.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { create } from '@bufbuild/protobuf'
import { MongoClient } from 'mongodb'
import { createClient } from 'redis'
import { findFreePort } from '../../local/ports.ts'
import { startProcess, type Process } from '../../local/processes.ts'
import { projectRoot } from '../../local/session.ts'
import { readRows } from '../../loadtest/data-file.ts'
import { nodeFlags } from '../../pipelines/pipeline.ts'
import { pipeline as weather } from '../../pipelines/weather.ts'
import { BatchSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { defer } from '../../test/defer.ts'
import { servers } from '../../test/servers.ts'
import { until } from '../../test/until.ts'
import { createEventType } from '../lib/event-type.ts'
import { parseEndpoint, type Endpoint } from '../lib/endpoint.ts'
import { EVENTS_COLLECTION } from '../lib/mongo.ts'
import { eventId } from '../lib/views.ts'
import { joinEvents } from '../lib/wire.ts'
import { scenarios } from '../../proto/gen/scenarios.ts'
import { outcomes, Verdict, type Batch, type Outcome, type Sink } from './batch.ts'
import { createConnectSink } from './sinks/connect.ts'
import { createHopHttpSink } from './sinks/hop-http.ts'
import { createRedisPubsubSink } from './sinks/redis-pubsub.ts'
import { createRedisStreamSink } from './sinks/redis-stream.ts'
import { createWsSource } from './sources/ws.ts'

const PARTITIONS = 3
const rows = await readRows(join(projectRoot, weather.rows))
const eventType = createEventType(scenarios.getMessage(weather.event)!)
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const redisHost = new URL(servers.redisUrl).host
/** Small, so that a stream without a reader is soon full. */
const BACKLOG_BYTES = 200_000

type Transport = {
  from: (port: number, name: string) => string
  to: (port: number, name: string) => string
  /** Parameters of the intake. */
  intake?: string
  open: (endpoint: Endpoint, name: string) => Sink
  /** What it has when its reader is away: nothing, or a stream that fills up. */
  keeps?: boolean
  /** What was under way when the reader dies is lost. */
  loses?: boolean
}
const hopHttp: Transport = {
  from: (port) => `hop-http://127.0.0.1:${port}`,
  to: (port) => `hop-http://127.0.0.1:${port}`,
  open: (endpoint) => createHopHttpSink(endpoint, quiet),
}
const transports: Record<string, Transport> = {
  'hop-http': hopHttp,
  wasm: { ...hopHttp, intake: '?encode=wasm' },
  connect: {
    from: (port) => `connect://127.0.0.1:${port}`,
    to: (port) => `connect://127.0.0.1:${port}`,
    open: (endpoint) => createConnectSink(endpoint, quiet),
  },
  'redis-pubsub': {
    from: (_port, name) => `redis-pubsub://${redisHost}/${name}`,
    to: (_port, name) => `redis-pubsub://${redisHost}/${name}`,
    open: (endpoint) => createRedisPubsubSink(endpoint, quiet),
    loses: true,
  },
  'redis-stream': {
    from: () => `redis-stream://${redisHost}?group=archiver`,
    to: () => `redis-stream://${redisHost}?backlog-bytes=${BACKLOG_BYTES}`,
    open: (endpoint, name) => createRedisStreamSink(endpoint, name, quiet),
    keeps: true,
  },
}

async function createScene(t: TestContext, transport: Transport) {
  const name = `it-${randomBytes(5).toString('hex')}`
  const [port, intakePort, tapPort] = await Promise.all([findFreePort(), findFreePort(), findFreePort()])
  const lines: string[] = []
  const mongo = new MongoClient(servers.mongoUrl)
  defer(t, () => mongo.close())
  defer(t, () => mongo.db(name).dropDatabase())
  defer(t, async () => {
    const redis = createClient({ url: servers.redisUrl })
    await redis.connect()
    await redis.unlink(['none', ...(await redis.keys(`{${name}}:*`))])
    redis.destroy()
  })

  // What the peer in the test says to each batch; by default it has it at once.
  const arrived: Batch[] = []
  let answer: (batch: Batch) => Promise<Outcome> = () => Promise.resolve(outcomes.stored())
  const tapEndpoint = endpointOf(`ws://127.0.0.1:${tapPort}`)
  const tap = await createWsSource(tapEndpoint, async (batch) => {
    const outcome = await answer(batch)
    if (outcome.verdict === Verdict.STORED) arrived.push(batch)
    return outcome
  })
  defer(t, () => tap.close())

  const startHop = async (hop: string, ...args: string[]): Promise<Process> => {
    const admin = `127.0.0.1:${await findFreePort()}`
    const common = ['--event', weather.event, '--pipeline', name, '--partitions', String(PARTITIONS)]
    const running = await startProcess({
      name: hop,
      command: process.execPath,
      args: [
        ...nodeFlags,
        join(projectRoot, 'services/hop/main.ts'),
        ...common,
        '--name',
        hop,
        '--admin',
        `http://${admin}`,
        ...args,
      ],
      log: (line) => lines.push(line),
      ready: `http://${admin}/readyz`,
      deadlineMs: 20_000,
    })
    defer(t, () => running.stop())
    return running
  }
  const mongoHost = new URL(servers.mongoUrl).host
  const startReader = (...more: string[]) =>
    startHop(
      'reader',
      '--from',
      transport.from(port!, name),
      '--to',
      `ws://127.0.0.1:${tapPort}`,
      '--to',
      `mongodb://${mongoHost}/${name}`,
      ...more,
    )
  const startIntake = (...more: string[]) =>
    startHop(
      'intake',
      '--from',
      `http://127.0.0.1:${intakePort}${transport.intake ?? ''}`,
      '--to',
      transport.to(port!, name),
      '--lanes',
      '2',
      ...more,
    )

  let posted = 0
  /** Posts `count` events in one body; the ids of those that were accepted. */
  const post = async (count: number) => {
    const events = Array.from({ length: count }, () => rows[posted++ % rows.length])
    const response = await fetch(`http://127.0.0.1:${intakePort}/events`, {
      method: 'POST',
      // One a line, because only an event that is a text of its own goes through WebAssembly.
      headers: { 'Content-Type': 'application/x-ndjson' },
      body: events.map((event) => JSON.stringify(event)).join('\n'),
    })
    const { results } = (await response.json()) as { results: { status: number; id?: string }[] }
    return { statuses: results.map(({ status }) => status), ids: results.flatMap(({ id }) => id ?? []) }
  }
  const storedIds = async () => {
    const ids = await mongo.db(name).collection<{ _id: string }>(EVENTS_COLLECTION).distinct('_id')
    return new Set(ids)
  }
  const assertStored = async (ids: string[]) => {
    let missing = ids
    await until(
      `${ids.length} events are stored; ${lines.slice(-5).join('\n')}`,
      async () => {
        const stored = await storedIds()
        missing = ids.filter((id) => !stored.has(id))
        return missing.length === 0
      },
      15_000,
    )
    assert.equal(new Set(ids).size, ids.length, 'an id was given twice')
  }
  /** Of each origin and partition the numbers came in order; `dense` means that none is missing either. */
  const assertInOrder = (dense = true) => {
    const last = new Map<string, number>()
    for (const { runs } of arrived) {
      for (const { origin, partition, firstSeq, count } of runs) {
        const key = `${origin}-${partition}`
        const before = last.get(key) ?? 0
        const first = Number(firstSeq)
        if (dense) assert.ok(first <= before + 1, `${key}: ${first} came after ${before}`)
        last.set(key, Math.max(before, first + count - 1))
      }
    }
    return last
  }
  return {
    name,
    arrived,
    startReader,
    startIntake,
    post,
    storedIds,
    assertStored,
    assertInOrder,
    sink: () => {
      const sink = transport.open(endpointOf(transport.to(port!, name)), name)
      defer(t, () => sink.close())
      return sink
    },
    answerWith: (next: typeof answer) => (answer = next),
    /** Batches wait at the test's peer until `release`. */
    hold() {
      let release = () => undefined as void
      const held = new Promise<void>((resolve) => (release = resolve))
      let waiting = 0
      answer = async () => {
        waiting++
        await held
        return outcomes.stored()
      }
      return { waiting: () => waiting, release: () => release() }
    },
  }
}

function endpointOf(url: string): Endpoint {
  const any = { defaultPort: 0, path: { name: 'any', required: false }, parameters: { 'backlog-bytes': {} } }
  const mistakes: string[] = []
  const endpoint = parseEndpoint('', url, { [url.slice(0, url.indexOf(':'))]: any }, mistakes)
  assert.deepEqual(mistakes, [])
  return endpoint
}

/** One run whose only event has about that many bytes. */
function batchOf(firstSeq: number, count = 1, bytes = 0): Batch {
  const event = bytes > 0 ? new Uint8Array(bytes) : eventType.encode(rows[0]).bytes
  const run = { origin: 'o', partition: 1, firstSeq: BigInt(firstSeq), count, route: 'test' }
  const times = Array.from({ length: count }, (_, index) => index)
  const events = joinEvents(times.map(() => event))
  return create(BatchSchema, {
    runs: [{ ...run, firstTimeUs: 1_790_000_000_000_000n, timeDeltasUs: times, events }],
  })
}

async function writeUntilStored(sink: Sink, batch: Batch): Promise<void> {
  await until('the sink has the batch', async () => {
    const outcome = await sink.write(batch).catch(() => undefined)
    return outcome?.verdict === Verdict.STORED
  })
}

for (const [name, transport] of Object.entries(transports)) {
  suite(name, { concurrency: 2 }, () => {
    test(`${name}: accepted events arrive once, in order per origin and partition`, async (t) => {
      const scene = await createScene(t, transport)
      await scene.startReader()
      await scene.startIntake()
      const answers = await Promise.all(Array.from({ length: 40 }, () => scene.post(100)))
      const ids = answers.flatMap((answer) => answer.ids)
      assert.equal(ids.length, 4_000)
      await scene.assertStored(ids)
      assert.equal((await scene.storedIds()).size, 4_000)
      const last = scene.assertInOrder()
      assert.equal(
        [...last.values()].reduce((sum, seq) => sum + seq, 0),
        4_000,
      )
    })

    test(`${name}: without a reader the intake answers 503, and accepts again when there is one`, async (t) => {
      const scene = await createScene(t, transport)
      const reader = await scene.startReader()
      await scene.startIntake('--deadline-ms', '700')
      await reader.stop()
      const accepted: string[] = []
      const statuses = new Set<number>()
      await until('the intake refuses', async () => {
        const { ids, statuses: all } = await scene.post(500)
        accepted.push(...ids)
        for (const status of all) statuses.add(status)
        return statuses.has(503)
      })
      // A stream holds what it took; the others take nothing that nobody has.
      assert.equal(accepted.length > 0, transport.keeps ?? false)
      await scene.startReader()
      await until('the intake accepts', async () => {
        const { ids } = await scene.post(10)
        accepted.push(...ids)
        return ids.length === 10
      })
      await scene.assertStored(accepted)
      scene.assertInOrder()
    })

    test(`${name}: a reader that is killed with batches in flight is replaced, ${transport.loses ? 'and what was under way is lost' : 'and nothing is lost'}`, async (t) => {
      const scene = await createScene(t, transport)
      const reader = await scene.startReader()
      await scene.startIntake()
      const before = (await scene.post(200)).ids
      await scene.assertStored(before)
      const { waiting } = scene.hold()
      const posting = Promise.all(Array.from({ length: 5 }, () => scene.post(100)))
      await until('batches are in flight', () => waiting() > 0)
      reader.kill('SIGKILL')
      await reader.exited
      scene.answerWith(() => Promise.resolve(outcomes.stored()))
      await scene.startReader()
      const accepted = (await posting).flatMap(({ ids }) => ids)
      const after = (await scene.post(50)).ids
      assert.deepEqual([accepted.length, after.length], [500, 50])
      if (!transport.loses) await scene.assertStored([...before, ...accepted, ...after])
      else await scene.assertStored([...before, ...after])
      scene.assertInOrder(!transport.loses)
    })

    test(`${name}: an intake that is killed with batches in flight has lost nothing that it acknowledged`, async (t) => {
      const scene = await createScene(t, transport)
      await scene.startReader()
      const intake = await scene.startIntake()
      const accepted: string[] = []
      const posting = Array.from({ length: 4 }, async () => {
        for (;;) {
          try {
            accepted.push(...(await scene.post(50)).ids)
          } catch (cause) {
            assert.match(String(cause), /fetch failed|terminated/)
            return
          }
        }
      })
      await until('some are accepted', () => accepted.length > 1_000)
      intake.kill('SIGKILL')
      await Promise.all(posting)
      await scene.startIntake()
      accepted.push(...(await scene.post(50)).ids)
      await scene.assertStored(accepted)
      scene.assertInOrder()
    })

    test(`${name}: a late duplicate changes nothing`, async (t) => {
      const scene = await createScene(t, transport)
      await scene.startReader()
      const sink = scene.sink()
      for (const [first, count] of [
        [1, 10],
        [11, 5],
        [1, 10],
        [6, 10],
        [16, 1],
      ] as const)
        await writeUntilStored(sink, batchOf(first, count))
      await scene.assertStored(Array.from({ length: 16 }, (_, index) => eventId('o', 1, index + 1)))
      assert.equal((await scene.storedIds()).size, 16)
    })

    test(`${name}: a message above the limit is rejected, and the next one passes`, async (t) => {
      const scene = await createScene(t, transport)
      await scene.startReader()
      const sink = scene.sink()
      await writeUntilStored(sink, batchOf(1))
      const { verdict, reason } = await sink.write(batchOf(2, 1, 3_000_000))
      assert.equal(verdict, Verdict.REJECTED)
      assert.match(reason, /2097152/)
      assert.equal((await sink.write(batchOf(2))).verdict, Verdict.STORED)
      await scene.assertStored([eventId('o', 1, 1), eventId('o', 1, 2)])
    })

    test(`${name}: a shutdown with batches in flight answers their clients and stores them`, async (t) => {
      const scene = await createScene(t, transport)
      const reader = await scene.startReader()
      const intake = await scene.startIntake()
      const { waiting, release } = scene.hold()
      const posting = scene.post(100)
      await until('a batch is in flight', () => waiting() > 0)
      const stopped = intake.stop().then(() => reader.stop())
      await pause(200)
      release()
      const { ids } = await posting
      await stopped
      assert.equal(ids.length, 100)
      // A stream keeps for the next reader what this one could not finish.
      if (transport.keeps) await scene.startReader()
      await scene.assertStored(ids)
      scene.assertInOrder()
    })
  })
}

for (const name of ['redis-pubsub', 'redis-stream']) {
  test(`${name}: a view steps over what will never come, and counts the rest`, async (t) => {
    const scene = await createScene(t, transports[name]!)
    await scene.startReader('--to', `redis://${redisHost}`)
    const sink = scene.sink()
    await writeUntilStored(sink, batchOf(1, 3))
    await writeUntilStored(sink, batchOf(7, 3))
    const redis = createClient({ url: servers.redisUrl })
    await redis.connect()
    defer(t, () => redis.destroy())
    await until('six are counted', async () => (await redis.get(`{${scene.name}}:total`)) === '6')
    assert.equal(await redis.hGet(`{${scene.name}}:fences`, 'o-1'), '9')
  })
}
