// Appends batches to a topic with acks=-1, each event as one record with its identity in a header.
import { Partitioners, type Message, type Producer } from 'kafkajs'
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { EventType } from '../../lib/event-type.ts'
import { createKafka, formatIdentity, IDENTITY_HEADER } from '../../lib/kafka.ts'
import type { Log } from '../../lib/log.ts'
import { eachRecord, outcomes, type Batch, type Outcome, type Sink } from '../batch.ts'

/** kafkajs copies an array per message when it groups them: 5,000 on one partition block the loop for 18 ms. */
const MAX_RECORDS_PER_PARTITION = 1_000
const REQUEST_DEADLINE_MS = 8_000

/** The record itself is at fault, so no retry can help. */
const PERMANENT = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP']

export async function createKafkaSink(
  endpoint: Endpoint,
  eventType: EventType,
  partitions: number,
  log: Log,
): Promise<Sink> {
  const topic = endpoint.path
  const kafka = createKafka(endpoint, 'freshet-sink', log)
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  let down: string | undefined = 'not connected yet'
  let connecting: Promise<void> | undefined
  const connect = () =>
    (connecting ??= connectOnce().finally(() => {
      connecting = undefined
    }))
  const connectOnce = async () => {
    await producer.connect()
    await checkPartitions(kafka.admin(), topic, partitions)
    down = undefined
  }
  connect().catch((cause: unknown) => (down = reasonOf(cause)))

  return {
    url: endpoint.url,
    notReady: () => (down === undefined ? undefined : `${endpoint.url}: ${down}`),
    async write(batch) {
      if (down !== undefined) await connect()
      try {
        return await append(producer, topic, recordsOf(batch, eventType))
      } catch (cause) {
        down = reasonOf(cause)
        throw cause
      }
    },
    close: () => producer.disconnect(),
  }
}

/** An intake numbers events per partition, so its count must be the topic's. */
async function checkPartitions(
  admin: ReturnType<ReturnType<typeof createKafka>['admin']>,
  topic: string,
  partitions: number,
): Promise<void> {
  await admin.connect()
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const found = topics[0]?.partitions.length ?? 0
    if (found !== partitions)
      throw new Error(`topic ${topic} has ${found} partitions, and --partitions says ${partitions}`)
  } finally {
    await admin.disconnect()
  }
}

function recordsOf(batch: Batch, eventType: EventType): Map<number, Message[]> {
  const byPartition = new Map<number, Message[]>()
  for (const run of batch.runs) {
    const records = byPartition.get(run.partition) ?? []
    byPartition.set(run.partition, records)
    eachRecord(run, (event, seq, timeUs) => {
      const value = Buffer.from(event.buffer, event.byteOffset, event.length)
      records.push({
        key: eventType.keyOf(value) ?? null,
        value,
        partition: run.partition,
        timestamp: String(timeUs / 1_000n),
        headers: { [IDENTITY_HEADER]: formatIdentity(run.origin, run.partition, seq, timeUs, run.route) },
      })
    })
  }
  return byPartition
}

/** Sends in slices, one after the other, because order within a partition is promised. */
async function append(
  producer: Producer,
  topic: string,
  byPartition: Map<number, Message[]>,
): Promise<Outcome> {
  for (let from = 0; ; from += MAX_RECORDS_PER_PARTITION) {
    const slice: Message[] = []
    for (const records of byPartition.values()) {
      for (let at = from; at < Math.min(from + MAX_RECORDS_PER_PARTITION, records.length); at++)
        slice.push(records[at]!)
    }
    if (slice.length === 0) return outcomes.stored()
    try {
      await producer.send({ topic, acks: -1, timeout: REQUEST_DEADLINE_MS, messages: slice })
    } catch (cause) {
      const type = (cause as { type?: string }).type
      if (type !== undefined && PERMANENT.includes(type)) return outcomes.rejected(reasonOf(cause))
      throw cause
    }
  }
}
