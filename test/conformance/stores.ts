// The servers of the suite, and the ways to them that a cell can break. A hop reads from one Redis and writes to
// another, because a stream that it read and wrote would be its own.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Admin } from 'kafkajs'
import { MongoClient } from 'mongodb'
import { createClient } from 'redis'
import { findFreePort } from '../../local/ports.ts'
import { startKafka, startRedis } from '../../local/stack.ts'
import { createKafka } from '../../services/lib/kafka.ts'
import { startProxy, type Proxy } from '../proxy.ts'
import { servers } from '../servers.ts'
import { quiet } from './quiet.ts'

/** Kafka tells its clients where to connect, so each cell needs a listener that tells of its own proxy. */
const KAFKA_WAYS = 24

export type Stores = Awaited<ReturnType<typeof startStores>>

export async function startStores() {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-conformance-'))
  const releases: (() => unknown)[] = [() => rm(dir, { recursive: true, force: true })]
  const close = async () => {
    for (const release of releases.toReversed()) await release()
  }
  try {
    const kafka = await startKafkaWithWays(join(dir, 'kafka'), KAFKA_WAYS)
    releases.push(kafka.close)
    const [near, far] = await Promise.all(
      ['near', 'far'].map(async (name) => {
        const redis = await startRedis({ dir: join(dir, name) })
        releases.push(() => redis.stop())
        return redis
      }),
    )
    const redis = await createClient({ url: far!.url }).connect()
    releases.push(() => redis.destroy())
    const mongo = await new MongoClient(servers.mongoUrl).connect()
    releases.push(() => mongo.close())
    return {
      kafka,
      /** Sources read there. */
      nearRedis: new URL(near!.url).host,
      /** Sinks write there. */
      farRedis: { host: new URL(far!.url).host, port: far!.port, client: redis },
      mongo: { port: Number(new URL(servers.mongoUrl).port), client: mongo },
      close,
    }
  } catch (cause) {
    await close()
    throw cause
  }
}

async function startKafkaWithWays(dir: string, count: number) {
  const port = await findFreePort()
  const controllerPort = await findFreePort()
  const ways: Proxy[] = []
  const listeners = [`PLAINTEXT://127.0.0.1:${port}`, `CONTROLLER://127.0.0.1:${controllerPort}`]
  const advertised = [`PLAINTEXT://127.0.0.1:${port}`]
  const protocols = ['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT']
  for (let way = 0; way < count; way++) {
    const wayPort = await findFreePort()
    const proxy = await startProxy(wayPort)
    ways.push(proxy)
    listeners.push(`WAY${way}://127.0.0.1:${wayPort}`)
    advertised.push(`WAY${way}://127.0.0.1:${proxy.port}`)
    protocols.push(`WAY${way}:PLAINTEXT`)
  }
  const settings = {
    listeners: listeners.join(),
    'advertised.listeners': advertised.join(),
    'listener.security.protocol.map': protocols.join(),
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'num.network.threads': '1',
  }
  const broker = await startKafka({ dir, port, settings })
  const hosts = [broker.url]
  const endpoint = { url: '', scheme: 'kafka', hosts, path: '', parameters: new Map<string, string>() }
  const admin: Admin = createKafka(endpoint, 'conformance', quiet).admin()
  await admin.connect()
  const free = [...ways]
  const waiting: ((way: Proxy) => void)[] = []
  return {
    broker: broker.url,
    async createTopics(partitions: number, ...topics: string[]) {
      const wanted = topics.map((topic) => ({ topic, numPartitions: partitions }))
      await admin.createTopics({ waitForLeaders: true, topics: wanted })
    },
    /** A way to the broker that nobody else uses; `close` gives it back as it was. */
    async takeWay(): Promise<Proxy> {
      const way = free.pop() ?? (await new Promise<Proxy>((resolve) => waiting.push(resolve)))
      await way.allow()
      const close = () => {
        way.refuse()
        way.delay(0)
        const next = waiting.shift()
        if (next) next(way)
        else free.push(way)
      }
      return { ...way, close }
    },
    async close() {
      for (const way of ways) way.close()
      await admin.disconnect()
      await broker.stop()
    },
  }
}
