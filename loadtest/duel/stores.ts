// What log and stores hold, counted so cheaply that it can be asked all the time.
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { createClient, type RedisClientType } from 'redis'
import { loadEventType } from '../../services/lib/event-type.ts'
import { countEvents, EVENTS_COLLECTION, type EventDocument } from '../../services/lib/mongo.ts'
import { viewsOf } from '../../services/lib/views.ts'
import type { Bench } from '../bench/bench.ts'
import { fencesInFerretdb, fencesInMongodb, fencesInRedis, type ReadFences } from '../bench/fences.ts'
import type { Defer } from '../bench/releases.ts'
import type { Topics } from '../bench/topics.ts'

const COUNT_DEADLINE_MS = 10_000

export type Counts = { log: number; redis: number; mongodb: number }

export type Stores = {
  count(): Promise<Counts>
  fences: { redis: ReadFences; mongodb: ReadFences }
}

/** Of the pipeline whose topic, prefix and database all have this name, once its archiver runs. */
export async function openStores(
  defer: Defer,
  bench: Pick<Bench, 'stack' | 'stackDir' | 'pipeline'>,
  topics: Topics,
  name: string,
): Promise<Stores> {
  const { stack, stackDir, pipeline } = bench
  const redis: RedisClientType = createClient({ url: stack.redisUrl })
  await redis.connect()
  defer(() => Promise.resolve(redis.destroy()))
  const keys = viewsOf(loadEventType(pipeline.event).schema, name)
  const mongo = new MongoClient(stack.mongoUrl, { serverSelectionTimeoutMS: 5_000 })
  defer(() => mongo.close())
  const documents = mongo.db(name).collection<EventDocument>(EVENTS_COLLECTION)
  const ferretdb = stack.engines.mongodb.startsWith('FerretDB')
  const dataDir = join(stackDir, 'mongo', 'data')
  return {
    async count() {
      const [log, total, mongodb] = await Promise.all([
        topics.appended(name),
        redis.get(keys.total),
        countEvents(documents, COUNT_DEADLINE_MS),
      ])
      return { log, redis: Number(total ?? 0), mongodb }
    },
    fences: {
      redis: fencesInRedis(redis, keys.fences),
      mongodb: ferretdb ? fencesInFerretdb(dataDir, name, EVENTS_COLLECTION) : fencesInMongodb(documents),
    },
  }
}
