// The live views' sink while Redis is away, frozen, restarted or silent. Each test has a Redis of its own.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { startRedis } from '../../../local/stack.ts'
import { defer } from '../../../test/defer.ts'
import { until } from '../../../test/until.ts'
import { viewsOf } from '../../lib/views.ts'
import { Verdict, type Batch } from '../batch.ts'
import { createHopMetrics } from '../metrics.ts'
import {
  batchOf,
  connectRedis,
  eventsOf,
  openRedisSink,
  readViews,
  recount,
  runOf,
  voteType,
  votes,
} from './view-samples.ts'

/** The sink's own deadline is 5 s; a second more for a busy machine. */
const REJECTED_WITHIN_MS = 6_000

async function createScene(t: TestContext, settings: Record<string, string> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-redis-'))
  defer(t, () => rm(dir, { recursive: true }))
  const server = await startRedis({ dir, settings })
  defer(t, () => server.stop())
  const keys = viewsOf(voteType.schema, 'away')
  const metrics = createHopMetrics('away', 'test')
  return {
    server,
    openSink: (url = server.url) => openRedisSink(t, url, 'away', metrics),
    /** What the views hold, and what they must hold after `count` votes. */
    assertVotes: async (count: number) => {
      const redis = await connectRedis(server.url)
      const views = await readViews(redis, keys).finally(() => redis.destroy())
      assert.deepEqual(views, recount(keys, eventsOf(votes('o', 1, count))))
    },
  }
}

const batchFrom = (firstSeq: number, count: number): Batch => batchOf(runOf(votes('o', firstSeq, count)))

async function assertRejectedInTime(writing: Promise<unknown>): Promise<void> {
  const began = performance.now()
  await assert.rejects(writing)
  const tookMs = performance.now() - began
  assert.ok(tookMs < REJECTED_WITHIN_MS, `rejected only after ${tookMs} ms`)
}

suite('a Redis that fails', { concurrency: true }, () => {
  test('a script that Redis has forgotten is sent again', async (t) => {
    const { server, openSink, assertVotes } = await createScene(t)
    const sink = await openSink()
    const redis = await connectRedis(server.url)
    defer(t, () => redis.destroy())
    for (let seq = 1; seq <= 20; seq += 2) {
      assert.equal((await sink.write(batchFrom(seq, 2))).verdict, Verdict.STORED)
      await redis.scriptFlush()
    }
    // Twenty at once find it missing together.
    const writes = Array.from({ length: 20 }, () => sink.write(batchFrom(1, 21)))
    for (const { verdict } of await Promise.all(writes)) assert.equal(verdict, Verdict.STORED)
    await assertVotes(21)
  })

  test('a write rejects at once while Redis is away, and passes when it is back', async (t) => {
    const { server, openSink, assertVotes } = await createScene(t, {
      appendonly: 'yes',
      appendfsync: 'always',
    })
    const sink = await openSink()
    await sink.write(batchFrom(1, 5))
    server.kill('SIGKILL')
    await server.exited
    await until('the sink notices', () => sink.notReady())
    await assertRejectedInTime(sink.write(batchFrom(6, 5)))
    await server.restart()
    await until('the sink is back', () => sink.notReady() === undefined)
    assert.equal((await sink.write(batchFrom(6, 5))).verdict, Verdict.STORED)
    await assertVotes(10)
  })

  test('a write to a frozen Redis rejects in time, and counts once when it is tried again', async (t) => {
    const { server, openSink, assertVotes } = await createScene(t)
    const sink = await openSink()
    await sink.write(batchFrom(1, 5))
    server.kill('SIGSTOP')
    await assertRejectedInTime(sink.write(batchFrom(6, 5)))
    assert.match(sink.notReady()!, /no answer in 5000 ms/)
    server.kill('SIGCONT')
    await until('the sink is back', () => sink.notReady() === undefined)
    assert.equal((await sink.write(batchFrom(6, 6))).verdict, Verdict.STORED)
    await assertVotes(11)
  })

  test('a connection whose other end went silent is replaced', async (t) => {
    const { server, openSink, assertVotes } = await createScene(t)
    const way = await openWay(t, server.port)
    const sink = await openSink(`redis://127.0.0.1:${way.port}`)
    await sink.write(batchFrom(1, 5))
    way.silence()
    await Promise.all([6, 7].map((seq) => assertRejectedInTime(sink.write(batchFrom(seq, 5)))))
    await until('the sink is back', () => sink.notReady() === undefined)
    assert.equal(way.connections(), 2)
    assert.equal((await sink.write(batchFrom(1, 12))).verdict, Verdict.STORED)
    await assertVotes(12)
  })
})

/** A way to the port that can fall silent: what is open stays open and carries nothing, new connections do. */
async function openWay(t: TestContext, to: number) {
  const sockets: Socket[] = []
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1')
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
    sockets.push(client, upstream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  defer(t, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.length / 2,
    silence() {
      for (const socket of sockets) socket.unpipe().pause()
    },
  }
}
