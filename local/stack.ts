// The stores of the local stack: servers that the environment names, else real ones started here.
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Progress } from './cache.ts'
import { askCluster, prepareKafka, startKafka } from './kafka.ts'
import { readKafkaRelease } from './kafka-version.ts'
import { askMongo, prepareMongo, startMongo } from './mongo.ts'
import { askRedis, prepareRedis, startRedis } from './redis.ts'
import type { Server, ServerOptions } from './server.ts'

export { startKafka, startMongo, startRedis }
export type { Server }

export type Stack = {
  /** Empty where no Kafka was asked for. */
  kafkaBrokers: string
  redisUrl: string
  mongoUrl: string
  /** Name and version of each, for reports. */
  engines: { kafka: string; redis: string; mongodb: string }
  /** Of the servers that were started here, for what they cost. */
  pids: { kafka?: number; redis?: number; mongodb?: number }
  /** Stops what startStack started, and nothing else. */
  stop(): Promise<void>
}

type Running = Pick<Server, 'url' | 'engine' | 'stop'> & Partial<Pick<Server, 'pid'>>

const noKafka: Running = { url: '', engine: '', stop: () => Promise.resolve() }

const stores = {
  kafka: { variable: 'KAFKA_BROKERS', prepare: prepareKafka, start: startKafka, ask: askKafka },
  redis: { variable: 'REDIS_URL', prepare: prepareRedis, start: startRedis, ask: askRedis },
  mongo: { variable: 'MONGO_URL', prepare: prepareMongo, start: startMongo, ask: askMongo },
} as const

/** Fetches and builds what the stack needs and this machine lacks. Says nothing when all is there. */
export async function prepare(progress?: Progress, withKafka = true): Promise<void> {
  const missing = Object.values(stores).filter(
    (store) => !process.env[store.variable] && (withKafka || store !== stores.kafka),
  )
  await allOrThrow(missing.map((store) => store.prepare(progress)))
}

/**
 * Starts the three at the same time, each below `dir`, or asks the ones that KAFKA_BROKERS, REDIS_URL and MONGO_URL
 * name. Data that is there is used again unless `fresh`. When one fails the others are stopped.
 */
export async function startStack(options: {
  dir: string
  progress?: Progress
  fresh?: boolean
  /** Whether Kafka is needed; default true. */
  withKafka?: boolean
}): Promise<Stack> {
  const { progress, fresh = false, withKafka = true } = options
  await prepare(progress, withKafka)
  const running: Running[] = []
  const stop = async () => {
    await allOrThrow(running.map((server) => server.stop()))
  }
  const bringUp = async (name: keyof typeof stores): Promise<Running> => {
    const { variable, start, ask } = stores[name]
    const external = process.env[variable]
    const dir = join(resolve(options.dir), name)
    const server = external ? await useExternal(variable, external, ask) : await startIn(dir, start, fresh)
    running.push(server)
    return server
  }
  try {
    const [kafka, redis, mongo] = await allOrThrow([
      withKafka ? bringUp('kafka') : noKafka,
      bringUp('redis'),
      bringUp('mongo'),
    ] as const)
    return {
      kafkaBrokers: kafka.url,
      redisUrl: redis.url,
      mongoUrl: mongo.url,
      engines: { kafka: kafka.engine, redis: redis.engine, mongodb: mongo.engine },
      pids: { ...pidOf('kafka', kafka), ...pidOf('redis', redis), ...pidOf('mongodb', mongo) },
      stop,
    }
  } catch (cause) {
    await stop()
    throw cause
  }
}

const pidOf = (name: keyof Stack['pids'], { pid }: Running) => (pid === undefined ? {} : { [name]: pid })

async function startIn(dir: string, start: (options: ServerOptions) => Promise<Server>, fresh: boolean) {
  if (fresh) await rm(dir, { recursive: true, force: true })
  return start({ dir })
}

async function useExternal(
  variable: string,
  url: string,
  ask: (url: string) => Promise<string>,
): Promise<Running> {
  try {
    return { url, engine: await ask(url), stop: async () => {} }
  } catch (cause) {
    // Not the value: a URL may hold a password.
    throw new Error(`the server that ${variable} names does not answer: ${(cause as Error).message}`, {
      cause,
    })
  }
}

async function askKafka(brokers: string): Promise<string> {
  await askCluster(brokers)
  const [host = '', port = ''] = brokers.split(',')[0]?.split(/:(?=\d+$)/) ?? []
  return readKafkaRelease(host, Number(port))
}

/** Like Promise.all, but waits for all of them also when one fails, so that nothing goes on behind our back. */
async function allOrThrow<T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const failed = (await Promise.allSettled(promises)).filter((result) => result.status === 'rejected')
  if (failed.length === 1) throw failed[0]?.reason
  if (failed.length > 1) {
    const reasons = failed.map((result) => result.reason as Error)
    throw new AggregateError(reasons, reasons.map((reason) => reason.message).join('\n'))
  }
  return Promise.all(promises)
}
