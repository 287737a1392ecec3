// Reads every event of a pipeline's log, from Kafka or from MongoDB, by the same rules as the hops.
import { randomUUID } from 'node:crypto'
import type { JsonObject } from '@bufbuild/protobuf'
import type { KafkaMessage } from 'kafkajs'
import { MongoClient } from 'mongodb'
import type { KafkaPipeline, Pipeline } from '../pipelines/pipeline.ts'
import { createRecordReader } from '../services/hop/sources/kafka-records.ts'
import { InvalidEventError } from '../services/lib/errors.ts'
import type { EventType } from '../services/lib/event-type.ts'
import { createKafka, IDENTITY_HEADER, parseIdentity } from '../services/lib/kafka.ts'
import type { Log } from '../services/lib/log.ts'
import { EVENTS_COLLECTION, type EventDocument } from '../services/lib/mongo.ts'
import { parseEventId } from '../services/lib/views.ts'

export type Logged = { id: string; document: JsonObject; timeUs: number; route: string }

export type ReadLog = {
  /** By id, as each first appeared. */
  events: Map<string, Logged>
  /** Records that repeat an id. */
  repeats: number
  /** In words: what lies in the log and is no event, where it should not. */
  strange: string[]
}

const READ_DEADLINE_MS = 120_000
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

function kafkaOf(brokers: string) {
  const hosts = brokers.split(',')
  const endpoint = { url: '', scheme: 'kafka', hosts, path: '', parameters: new Map<string, string>() }
  return createKafka(endpoint, 'freshet-audit', quiet)
}

/** How many records a topic has; none when there is no such topic. */
export async function countRecords(topic: string, brokers: string): Promise<number> {
  const admin = kafkaOf(brokers).admin()
  await admin.connect()
  try {
    if (!(await admin.listTopics()).includes(topic)) return 0
    const offsets = await admin.fetchTopicOffsets(topic)
    return offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)
  } finally {
    await admin.disconnect()
  }
}

/** What no hop can read goes to the dead letters, so it is no event here. */
export async function readKafkaLog(
  { topic: { name: topic } }: KafkaPipeline,
  brokers: string,
  eventType: EventType,
): Promise<ReadLog> {
  const kafka = kafkaOf(brokers)
  const readEvent = createEventReader(topic, eventType)
  const read: ReadLog = { events: new Map(), repeats: 0, strange: [] }
  const admin = kafka.admin()
  await admin.connect()
  try {
    const left = new Map<number, bigint>()
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      if (BigInt(high) > BigInt(low)) left.set(partition, BigInt(high))
    if (left.size === 0) return read
    const groupId = `audit-${randomUUID()}`
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, retry: { retries: 5 } })
    const { promise: done, resolve, reject } = Promise.withResolvers<void>()
    const late = () => reject(new Error(`the log was not read in ${READ_DEADLINE_MS} ms`))
    const timer = setTimeout(late, READ_DEADLINE_MS)
    try {
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      const run = consumer.run({
        autoCommit: false,
        eachBatch({ batch: { partition, messages } }) {
          try {
            for (const message of messages) {
              const event = readEvent(message, partition)
              if (!event) continue
              if (read.events.has(event.id)) read.repeats++
              else read.events.set(event.id, event)
            }
            const last = messages.at(-1)
            if (last && BigInt(last.offset) + 1n >= (left.get(partition) ?? 0n)) left.delete(partition)
            if (left.size === 0) resolve()
          } catch (cause) {
            // Thrown on, it would be tried again until the deadline.
            reject(cause as Error)
          }
          return Promise.resolve()
        },
      })
      run.catch(reject)
      await done
    } finally {
      clearTimeout(timer)
      await consumer.disconnect()
    }
    await admin.deleteGroups([groupId])
    return read
  } finally {
    await admin.disconnect()
  }
}

/** Returns a function that reads one record; undefined is what it gives for a dead letter. */
export function createEventReader(topic: string, eventType: EventType) {
  const readForeign = createRecordReader(eventType)
  return (message: KafkaMessage, partition: number): Logged | undefined => {
    const identity = parseIdentity(message.headers?.[IDENTITY_HEADER])
    const value = message.value ?? Buffer.alloc(0)
    const { origin, seq, timeUs, route } = identity ?? {
      origin: topic,
      seq: message.offset,
      timeUs: Math.max(0, Number(message.timestamp)) * 1_000,
      route: topic,
    }
    const id = `${origin}-${identity?.partition ?? partition}-${seq}`
    let document: JsonObject
    try {
      document = eventType.toDocument(identity ? value : readForeign(value))
    } catch (cause) {
      if (!identity && !(cause instanceof InvalidEventError)) throw cause
      return undefined
    }
    return { id, document, timeUs, route }
  }
}

/** Where MongoDB is the log. */
export async function readMongoLog(pipeline: Pipeline, url: string, eventType: EventType): Promise<ReadLog> {
  const read: ReadLog = { events: new Map(), repeats: 0, strange: [] }
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 })
  try {
    const collection = client.db(pipeline.database).collection<EventDocument>(EVENTS_COLLECTION)
    for await (const stored of collection.find()) {
      const { _id: id, log: place, route } = stored
      try {
        if (!parseEventId(id) || !place || !('at' in place)) throw new Error('has no place in the log')
        const document = eventType.toDocument(eventType.fromDocument(stored))
        read.events.set(id, { id, document, timeUs: place.timeUs, route })
      } catch {
        read.strange.push(`${String(id)}: in MongoDB, but no event`)
      }
    }
    return read
  } finally {
    await client.close()
  }
}
