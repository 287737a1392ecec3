import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { MongoBulkWriteError, MongoClient } from 'mongodb'
import { createClient } from 'redis'
import { findOnPath } from './cache.ts'
import { findFreePort } from './ports.ts'
import { prepare, startKafka, startMongo, startRedis, startStack, type Stack } from './stack.ts'

const variables = ['KAFKA_BROKERS', 'REDIS_URL', 'MONGO_URL'] as const
let root: string
let stack: Stack

before(async () => {
  for (const variable of variables) delete process.env[variable]
  root = await mkdtemp(join(tmpdir(), 'freshet-stack-'))
  await prepare((line) => console.error(line))
  stack = await startStack({ dir: join(root, 'shared') })
})
after(async () => {
  await stack.stop()
  await rm(root, { recursive: true, force: true })
})

const freshDir = () => mkdtemp(join(root, 'test-'))
const kafkaOf = (brokers: string) => new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING })

async function withMongo<T>(url: string, use: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

const connectRedis = (url: string) =>
  createClient({ url, socket: { reconnectStrategy: false } })
    .on('error', () => undefined)
    .connect()

async function withRedis<T>(
  url: string,
  use: (client: Awaited<ReturnType<typeof connectRedis>>) => Promise<T>,
) {
  const client = await connectRedis(url)
  try {
    return await use(client)
  } finally {
    client.destroy()
  }
}

async function append(brokers: string, topic: string, values: string[]) {
  const producer = kafkaOf(brokers).producer()
  await producer.connect()
  await producer.send({ topic, acks: -1, messages: values.map((value) => ({ partition: 0, value })) })
  await producer.disconnect()
}

async function createTopic(brokers: string, topic: string) {
  const admin = kafkaOf(brokers).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true })
  await admin.disconnect()
}

async function consume(t: TestContext, brokers: string, topic: string, count: number): Promise<string[]> {
  const consumer = kafkaOf(brokers).consumer({ groupId: `test-${topic}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  const values: string[] = []
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    const whole = new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          values.push(String(message.value))
          if (values.length === count) resolve()
        },
      })
    })
    const late = AbortSignal.timeout(20_000)
    await Promise.race([whole, once(late, 'abort', { signal: t.signal })])
  } finally {
    await consumer.disconnect()
  }
  return values
}

async function waitUntilClosed(port: number) {
  for (const endAt = Date.now() + 5_000; Date.now() < endAt; await delay(20)) {
    if (!(await isListening(port))) return
  }
  assert.fail(`port ${port} still answers after 5 s`)
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch (cause) {
    assert.equal((cause as NodeJS.ErrnoException).code, 'ECONNREFUSED')
    return false
  } finally {
    socket.destroy()
  }
}

test('the stack names the engine and version of each store', async () => {
  assert.match(stack.engines.kafka, /^Apache Kafka \d+\.\d+\.\d+$/)
  assert.match(stack.engines.redis, /^Redis \d+\.\d+\.\d+$/)
  const own = /^FerretDB \d+\.\d+\.\d+ on SQLite \(stand-in for MongoDB\)$/
  assert.match(stack.engines.mongodb, (await findOnPath('mongod')) === undefined ? own : /^MongoDB \d/)
})

test('records come back from Kafka in order', async (t) => {
  await createTopic(stack.kafkaBrokers, 'round-trip')
  await append(stack.kafkaBrokers, 'round-trip', ['a', 'b', 'c'])
  assert.deepEqual(await consume(t, stack.kafkaBrokers, 'round-trip', 3), ['a', 'b', 'c'])
})

test('Kafka creates no topic by accident', async () => {
  const producer = kafkaOf(stack.kafkaBrokers).producer({ retry: { retries: 0 } })
  await producer.connect()
  await assert.rejects(producer.send({ topic: 'never-made', messages: [{ partition: 0, value: 'x' }] }))
  await producer.disconnect()
})

test('Redis counts', async () => {
  await withRedis(stack.redisUrl, async (redis) => {
    assert.equal(await redis.incr('counter'), 1)
    assert.equal(await redis.incr('counter'), 2)
  })
})

test('an unordered insert stores what is new and gives code 11000 for each duplicate', async () => {
  await withMongo(stack.mongoUrl, async (client) => {
    const events = client.db('test').collection<{ _id: string }>('duplicates')
    await events.insertMany([{ _id: 'a' }, { _id: 'b' }], { ordered: false })
    const again = ['a', 'c', 'b', 'd'].map((_id) => ({ _id }))
    await assert.rejects(events.insertMany(again, { ordered: false }), (error) => {
      assert.ok(error instanceof MongoBulkWriteError)
      const writeErrors = [error.writeErrors].flat()
      assert.deepEqual(writeErrors.map(({ code, index }) => [code, index]), [[11000, 0], [11000, 2]]) // prettier-ignore
      return true
    })
    assert.equal(await events.countDocuments(), 4)
  })
})

test('collections that are first written by several clients at once lose nothing', async () => {
  await withMongo(stack.mongoUrl, async (client) => {
    const events = client.db('together').collection<{ _id: string }>('events')
    const writers = ['a', 'b', 'c', 'd'].map((writer) =>
      events.insertMany(
        Array.from({ length: 500 }, (_, index) => ({ _id: `${writer}${index}` })),
        { ordered: false },
      ),
    )
    await Promise.all(writers)
    assert.equal(await events.countDocuments(), 2_000)
  })
})

test('Kafka has what it acknowledged after SIGKILL and restart', async (t) => {
  const kafka = await startKafka({ dir: await freshDir() })
  try {
    await createTopic(kafka.url, 'kept')
    await append(kafka.url, 'kept', ['a', 'b'])
    const { pid } = kafka
    kafka.kill('SIGKILL')
    assert.deepEqual(await kafka.exited, { code: null, signal: 'SIGKILL' })
    await kafka.restart()
    assert.notEqual(kafka.pid, pid)
    await append(kafka.url, 'kept', ['c'])
    assert.deepEqual(await consume(t, kafka.url, 'kept', 3), ['a', 'b', 'c'])
  } finally {
    await kafka.stop()
  }
})

test('MongoDB has what it acknowledged after SIGKILL in the middle of inserts', async () => {
  const mongo = await startMongo({ dir: await freshDir() })
  try {
    const acknowledged = await withMongo(mongo.url, async (client) => {
      const events = client.db('test').collection<{ _id: number }>('kept')
      for (let first = 0; ; first += 200) {
        const batch = Array.from({ length: 200 }, (_, index) => ({ _id: first + index }))
        const insert = events.insertMany(batch, { ordered: false })
        if (first === 2_000) mongo.kill('SIGKILL')
        try {
          await insert
        } catch {
          return first
        }
      }
    })
    await mongo.restart()
    const ids = await withMongo(mongo.url, (client) =>
      client
        .db('test')
        .collection<{ _id: number }>('kept')
        .find()
        .sort({ _id: 1 })
        .map(({ _id }) => _id)
        .toArray(),
    )
    assert.ok(acknowledged >= 2_000)
    assert.deepEqual(
      ids.slice(0, acknowledged),
      Array.from({ length: acknowledged }, (_, index) => index),
    )
  } finally {
    await mongo.stop()
  }
})

test('Redis keeps acknowledged writes through SIGKILL only when its settings say so', async () => {
  for (const [settings, expected] of [
    [{}, null],
    [{ appendonly: 'yes', appendfsync: 'always' }, '7'],
  ] as const) {
    const redis = await startRedis({ dir: await freshDir(), settings })
    try {
      await withRedis(redis.url, (client) => client.set('kept', '7'))
      redis.kill('SIGKILL')
      await redis.restart()
      assert.equal(await withRedis(redis.url, (client) => client.get('kept')), expected)
    } finally {
      await redis.stop()
    }
  }
})

test('a second stack in the same folder finds the data of the first', async (t) => {
  const dir = await freshDir()
  const first = await startStack({ dir })
  await createTopic(first.kafkaBrokers, 'kept')
  await append(first.kafkaBrokers, 'kept', ['a'])
  await withMongo(first.mongoUrl, (client) => client.db('test').collection('kept').insertOne({ a: 1 }))
  await first.stop()

  const second = await startStack({ dir })
  try {
    assert.deepEqual(await consume(t, second.kafkaBrokers, 'kept', 1), ['a'])
    assert.equal(
      await withMongo(second.mongoUrl, (client) => client.db('test').collection('kept').countDocuments()),
      1,
    )
  } finally {
    await second.stop()
  }
})

test('a server dies with the process that started it, by SIGKILL too', async () => {
  const dir = await freshDir()
  const program = `
    const { startRedis } = await import(${JSON.stringify(new URL('stack.ts', import.meta.url).href)})
    const redis = await startRedis({ dir: ${JSON.stringify(dir)} })
    console.log(redis.port)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const port = Number(line)
  assert.ok(await isListening(port))
  parent.kill('SIGKILL')
  await waitUntilClosed(port)
})

test('a server that exits at start is reported at once, with what it said', async () => {
  const startedAt = Date.now()
  await assert.rejects(
    startRedis({ dir: await freshDir(), settings: { 'no-such-directive': '1' } }),
    /^Error: Redis ended before it was ready \(exit code 1\); its last lines:[^]*no-such-directive/,
  )
  assert.ok(Date.now() - startedAt < 5_000)
})

test('servers that the environment names are used, and never stopped', async (t) => {
  process.env['KAFKA_BROKERS'] = stack.kafkaBrokers
  process.env['REDIS_URL'] = stack.redisUrl
  process.env['MONGO_URL'] = stack.mongoUrl
  t.after(() => variables.forEach((variable) => delete process.env[variable]))
  await prepare(() => assert.fail('nothing is to be prepared'))
  const external = await startStack({ dir: await freshDir() })
  assert.equal(external.kafkaBrokers, stack.kafkaBrokers)
  assert.equal(external.engines.redis, stack.engines.redis)
  // The protocol tells no patch level.
  assert.ok(stack.engines.kafka.startsWith(external.engines.kafka), external.engines.kafka)
  assert.equal(external.engines.mongodb.split(' ')[0], stack.engines.mongodb.split(' ')[0])
  await external.stop()

  await withRedis(stack.redisUrl, (redis) => redis.ping())
  await withMongo(stack.mongoUrl, (client) => client.db('test').command({ ping: 1 }))
  await createTopic(stack.kafkaBrokers, 'still-there')
})

test('all servers of the environment that do not answer are named, without their passwords', async (t) => {
  const port = await findFreePort()
  process.env['REDIS_URL'] = `redis://user:hunter2@127.0.0.1:${port}`
  process.env['MONGO_URL'] = `mongodb://user:hunter2@127.0.0.1:${port}`
  process.env['KAFKA_BROKERS'] = `127.0.0.1:${port}`
  t.after(() => variables.forEach((variable) => delete process.env[variable]))
  await assert.rejects(startStack({ dir: await freshDir() }), (error: Error) => {
    for (const variable of variables)
      assert.match(error.message, new RegExp(`${variable} names does not answer`))
    assert.doesNotMatch(error.message, /hunter2/)
    return true
  })
})
