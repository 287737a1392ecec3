// Takes one event a call and appends it as a foreign record, so that readers number it by its offset. Arguments: link,
// port, port of /readyz, event message, brokers, topic, and how to append.
import { create } from '@bufbuild/protobuf'
import type { Message, Producer } from 'kafkajs'
import * as uWS from 'uWebSockets.js'
import { OutcomeSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { eachRecord, outcomes, Verdict, type Deliver } from '../../services/hop/batch.ts'
import { createGroupCommit } from '../../services/hop/group-commit.ts'
import { createHopMetrics } from '../../services/hop/metrics.ts'
import { createGrpcSource } from '../../services/hop/sources/grpc.ts'
import { createHopHttpSource } from '../../services/hop/sources/hop-http.ts'
import { addAdminPages, listen } from '../../services/lib/admin.ts'
import { reasonOf } from '../../services/lib/errors.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { createKafka } from '../../services/lib/kafka.ts'
import { eventId } from '../../services/lib/views.ts'
import { kafkaEndpoint, quiet } from '../bench/topics.ts'
import { listeningAt } from './endpoints.ts'
import type { OneByOne } from './one-by-one.ts'

const [link, port, adminPort, event, brokers, topic, how] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
  OneByOne['append'],
]

const eventType = loadEventType(event)
const kafka = createKafka(kafkaEndpoint(brokers, topic), 'freshet-duel', quiet)
const openProducer = async () => {
  const producer = kafka.producer()
  await producer.connect()
  return producer
}
const producer = await openProducer()

type Entry = {
  records: 1
  bytes: number
  message: Message & { partition: number }
  done: (id: Promise<string>) => void
}

/** One `send`; the ids in the order of the messages. */
async function sendAll(by: Producer, messages: Entry['message'][]): Promise<string[]> {
  const metadata = await by.send({ topic, acks: -1, messages })
  const next = new Map(metadata.map(({ partition, baseOffset }) => [partition, BigInt(baseOffset!)]))
  return messages.map(({ partition }) => {
    const offset = next.get(partition)!
    next.set(partition, offset + 1n)
    return eventId(topic, partition, offset)
  })
}

const commit = createGroupCommit<Entry>(
  1,
  {
    maxBatchRecords: 1_000,
    maxBatchBytes: 1_000_000,
    maxQueueBytes: 33_554_432,
    maxQueueAgeMs: 5_000,
    returning: false,
  },
  async (entries) => {
    const sent = sendAll(
      producer,
      entries.map(({ message }) => message),
    )
    for (const [index, { done }] of entries.entries()) done(sent.then((ids) => ids[index]!))
    await sent.catch(() => undefined) // each entry has the failure
  },
)

const appends: Record<OneByOne['append'], (message: Entry['message']) => Promise<string>> = {
  each: async (message) => (await sendAll(producer, [message]))[0]!,
  async 'producer-each'(message) {
    const own = await openProducer()
    try {
      return (await sendAll(own, [message]))[0]!
    } finally {
      await own.disconnect()
    }
  },
  group: (message) =>
    new Promise((resolve, reject) => {
      const bytes = (message.value as Buffer).length
      if (!commit.offer(0, { records: 1, bytes, message, done: resolve }))
        reject(new Error('the queue is full'))
    }),
}
const append = appends[how]

const deliver: Deliver = async ({ runs }) => {
  const run = runs[0]!
  const values: Uint8Array[] = []
  eachRecord(run, (bytes) => values.push(bytes))
  const value = Buffer.from(values[0]!)
  try {
    const id = await append({ key: eventType.keyOf(value) ?? null, value, partition: run.partition })
    return create(OutcomeSchema, { verdict: Verdict.STORED, reason: id })
  } catch (cause) {
    return outcomes.failed(reasonOf(cause))
  }
}

const from = listeningAt(link, `127.0.0.1:${port}`)
await (link === 'grpc'
  ? createGrpcSource(from, deliver, () => undefined)
  : createHopHttpSource(from, deliver))
const app = uWS.App()
addAdminPages(app, { notReady: () => undefined, metrics: createHopMetrics('duel', 'publisher').registry })
await listen(app, `127.0.0.1:${adminPort}`)
