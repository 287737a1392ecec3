// For integration tests: the query program as a process, stores behind a switch, and event data in them.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'node:test'
import { Kafka, logLevel, type Message } from 'kafkajs'
import { MongoClient } from 'mongodb'
import { createClient } from 'redis'
import { defer } from '../../test/defer.ts'
import { servers } from '../../test/servers.ts'
import { until } from '../../test/until.ts'
import { formatIdentity, IDENTITY_HEADER } from '../lib/kafka.ts'
import { EVENTS_COLLECTION, type EventDocument } from '../lib/mongo.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const kafka = new Kafka({ brokers: servers.kafkaBrokers.split(','), logLevel: logLevel.NOTHING })
export const redisHost = new URL(servers.redisUrl).host
export const mongoHost = new URL(servers.mongoUrl).host
export const ORIGIN = 'oRiGin1'

const DEADLINE_MS = 8_000

/** Waits until `find` gives something, and returns it. */
export async function found<T>(
  what: string,
  find: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  let last: T | undefined | false
  await until(what, async () => (last = await find()), deadlineMs)
  return last as T
}

/** A pipeline's names and clients of its stores; the names are free for this test alone. */
export async function createScene(t: TestContext, partitions = 2) {
  const name = `query-${randomBytes(4).toString('hex')}`
  const redis = await createClient({ url: servers.redisUrl, RESP: 2 }).connect()
  defer(t, async () => {
    await redis.del(
      ['total', 'count:country', 'latest', 'rate', 'fences', 'positions'].map((key) => `{${name}}:${key}`),
    )
    redis.destroy()
  })
  const mongo = await new MongoClient(servers.mongoUrl).connect()
  const events = mongo.db(name).collection<EventDocument>(EVENTS_COLLECTION)
  defer(t, async () => {
    await mongo.db(name).dropDatabase()
    await mongo.close()
  })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: name, numPartitions: partitions }], waitForLeaders: true })
  const producer = kafka.producer()
  await producer.connect()
  defer(t, async () => {
    await producer.disconnect()
    await admin.deleteTopics({ topics: [name] })
    await admin.disconnect()
  })
  return {
    name,
    key: (view: string) => `{${name}}:${view}`,
    redis,
    events,
    admin,
    commit: (group: string, partition: number, offset: number) => commit(name, group, partition, offset),
    /** Appends records of our own intake, numbered from `first`. */
    appendOwn: (partition: number, first: number, count: number) =>
      append(Array.from({ length: count }, (_, index) => own(partition, first + index))),
    append: (messages: Message[]) => append(messages),
    options: {
      event: 'scenarios.WeatherTweet',
      pipeline: name,
      listen: 'http://127.0.0.1:0',
      live: `redis://${redisHost}`,
      log: `mongodb://${mongoHost}/${name}`,
      kafka: `kafka://${servers.kafkaBrokers}/${name}`,
      groups: `${name}-archiver,${name}-repair`,
    },
  }
  async function append(messages: Message[]) {
    await producer.send({ topic: name, acks: -1, messages })
  }
}

/** Commits as a member of the group. (kafkajs' own setOffsets takes 5 s.) */
async function commit(topic: string, groupId: string, partition: number, offset: number) {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 })
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.connect()
  await consumer.subscribe({ topic })
  await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() })
  await joined
  await consumer.commitOffsets([{ topic, partition, offset: String(offset) }])
  await consumer.disconnect()
}

function own(partition: number, seq: number): Message {
  const identity = formatIdentity(ORIGIN, partition, BigInt(seq), BigInt(Date.now()) * 1_000n, 'api')
  return { partition, value: Buffer.from([]), headers: { [IDENTITY_HEADER]: identity } }
}

export function documentOf(
  topic: string,
  partition: number,
  seq: number,
  timeMs: number,
  country: string,
): EventDocument {
  return {
    _id: `${ORIGIN}-${partition}-${seq}`,
    text: `text ${seq}`,
    country,
    time: new Date(timeMs),
    route: 'api',
    log: { topic, partition, offset: seq - 1 },
  }
}

export type QueryProcess = Awaited<ReturnType<typeof startQuery>>

/** Starts the program; resolves when it listens. */
export async function startQuery(t: TestContext, options: Record<string, string>) {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit') as Promise<[number | null]>
  defer(t, async () => {
    child.kill('SIGKILL')
    await exited
  })
  const lines: string[] = []
  const port = await new Promise<number>((resolve, reject) => {
    exited.then(() => reject(new Error(`query ended: ${lines.join('\n')}`)), reject)
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      const { message, port: found } = JSON.parse(line) as { message: string; port: number }
      if (message === 'listening') resolve(found)
    })
  })
  const url = `http://127.0.0.1:${port}`
  const get = async (path: string) => {
    const response = await fetch(url + path, { signal: AbortSignal.timeout(15_000) })
    const body = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body,
      json: () => JSON.parse(body) as Record<string, unknown>,
    }
  }
  return {
    port,
    pid: child.pid!,
    url,
    lines,
    get,
    ready: () => until('/readyz', async () => (await get('/readyz')).status === 200, DEADLINE_MS),
    metric: async (name: string) =>
      Number(new RegExp(`^${name}(?:{.*})? (.*)$`, 'm').exec((await get('/metrics')).body)?.[1]),
    /** Sends SIGTERM; resolves with the exit code and how long it took. */
    async stop() {
      const began = Date.now()
      child.kill('SIGTERM')
      const [code] = await exited
      return { code, tookMs: Date.now() - began }
    },
  }
}

/** A TCP switch before a store: on, refused (nothing listens) or frozen (bytes stop on the way). */
export async function createSwitch(t: TestContext, target: string, port = 0) {
  const [host, targetPort] = target.split(':') as [string, string]
  const sockets = new Set<Socket>()
  let frozen = false
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    if (frozen) socket.pause()
  }
  const server = createServer((client) => {
    const upstream = connect(Number(targetPort), host)
    track(client)
    track(upstream)
    client.on('data', (chunk) => upstream.write(chunk)).on('close', () => upstream.destroy())
    upstream.on('data', (chunk) => client.write(chunk)).on('close', () => client.destroy())
    if (frozen) for (const socket of [client, upstream]) socket.pause()
  })
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const own = await listen(port)
  const off = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  defer(t, off)
  return {
    host: `127.0.0.1:${own}`,
    off,
    on: () => listen(own),
    freeze() {
      frozen = true
      for (const socket of sockets) socket.pause()
    },
    thaw() {
      frozen = false
      for (const socket of sockets) socket.resume()
    },
  }
}

export type LiveMessage = {
  at: string
  total?: number
  views?: Record<string, unknown>
  changes?: Record<string, unknown>
  stale?: true
  since?: string
}

/** Opens the live WebSocket and keeps what it says. */
export async function watch(t: TestContext, port: number) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live`)
  const messages: LiveMessage[] = []
  socket.addEventListener('message', ({ data }) => messages.push(JSON.parse(String(data)) as LiveMessage))
  const closed = new Promise<number>((resolve) =>
    socket.addEventListener('close', ({ code }) => resolve(code)),
  )
  defer(t, () => socket.close())
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('the WebSocket did not open')))
  })
  return { socket, messages, closed }
}
