// (f) Is Kafka slow? The same events through the same broker, by clients that use it in different ways: how they append,
// and how long a reader lets the broker wait for more.
import { setTimeout as pause } from 'node:timers/promises'
import { Partitioners, type Message, type Producer } from 'kafkajs'
import { outcomes, type Batch } from '../../services/hop/batch.ts'
import { createIntake } from '../../services/hop/intake.ts'
import { createKafkaSink } from '../../services/hop/sinks/kafka.ts'
import { createKafkaSource } from '../../services/hop/sources/kafka.ts'
import { createRecordReader } from '../../services/hop/sources/kafka-records.ts'
import { loadEventType, type EventType } from '../../services/lib/event-type.ts'
import { createKafka } from '../../services/lib/kafka.ts'
import { createPartitioner } from '../../services/lib/partition.ts'
import type { Bench } from './bench.ts'
import { withReleases, type Defer } from './releases.ts'
import { formatNumber, type Figure, type Section } from './report.ts'
import { medianOf, percentileOf } from './statistics.ts'
import { kafkaEndpoint, openTopics, quiet, type Topics } from './topics.ts'
import { takeTurns } from './turns.ts'

const full = { rounds: 3, seconds: 3, readSeconds: 8 }
const quick = { rounds: 1, seconds: 1, readSeconds: 3 }
/** As many as the main job has; the last row shows what group commit makes of more. */
const CLIENTS = 10
const MANY_CLIENTS = 256
/** kafka-go's default BatchTimeout: how long its writer waits for a batch to fill. */
const LINGER_MS = 1_000
const LINGER_RECORDS = 100
/** kafkajs's default maxWaitTimeInMs is the last of these. */
const WAITS_MS = [1, 15, 500, 1_000, 5_000]
/** Few enough that no fetch is answered because it is full. */
const EVENTS_PER_SECOND = 50
const DEADLINE_MS = 20_000

type Client = (nth: number) => Promise<void>
type Scene = {
  bench: Bench
  eventType: EventType
  topics: Topics
  topic: string
  defer: Defer
  records: Message[]
}

export function measureKafkaClients(bench: Bench): Promise<Section> {
  const { stack, pipeline, rows, uniqueName, say } = bench
  const { rounds, seconds, readSeconds } = bench.quick ? quick : full
  const eventType = loadEventType(pipeline.event)
  return withReleases(async (defer) => {
    const topics = await openTopics(defer, stack.kafkaBrokers)
    const topic = uniqueName('clients')
    await topics.create(topic, pipeline.topic.partitions)
    const partitionOf = createPartitioner(pipeline.topic.partitions)
    const records = rows.map((row): Message => {
      const { bytes, key } = eventType.encode(row)
      return { key: key ?? null, value: Buffer.from(bytes), partition: partitionOf(key) }
    })
    const scene = { bench, eventType, topics, topic, defer, records }
    const groupCommit = await appendInGroups(scene)
    const ways: Record<string, { what: string; clients: number; client: Client }> = {
      connect: {
        what: 'a connection and a producer per event',
        clients: CLIENTS,
        client: connectEach(scene),
      },
      linger: {
        what: `one producer that waits ${LINGER_MS} ms for a batch of ${LINGER_RECORDS}`,
        clients: CLIENTS,
        client: await appendLingering(scene),
      },
      send: { what: 'one producer, one send per event', clients: CLIENTS, client: await sendEach(scene) },
      group: { what: 'group commit', clients: CLIENTS, client: groupCommit },
      [`group${MANY_CLIENTS}`]: { what: 'group commit', clients: MANY_CLIENTS, client: groupCommit },
    }
    const names = Object.keys(ways)
    for (const name of names) await runClosedLoop(ways[name]!, 0.3)
    const results = await takeTurns(rounds, names, (name) => runClosedLoop(ways[name]!, seconds), say)
    const reads: Figure[] = []
    for (const waitMs of WAITS_MS) {
      say(`a reader that lets the broker wait ${formatNumber(waitMs)} ms`)
      reads.push(...(await readWith(scene, waitMs, readSeconds)))
    }
    return {
      title: `Ways of using Kafka: ${rounds} × ${seconds} s in turn, acks=-1, kafkajs but for group commit`,
      figures: [...names.flatMap((name) => figuresOf(name, ways[name]!, results[name]!)), ...reads],
      remarks: [
        `a reader is asked for ${MIN_FETCH} or its wait, whichever comes first; ${EVENTS_PER_SECOND} events a second`,
      ],
    }
  })
}

const MIN_FETCH = '512 KiB'

type Result = { perSecond: number; p50: number; p99: number }

/** Each client sends its next event when the last one is stored. */
async function runClosedLoop(
  { clients, client }: { clients: number; client: Client },
  seconds: number,
): Promise<Result> {
  const latenciesMs: number[] = []
  const startedAt = performance.now()
  const end = startedAt + seconds * 1_000
  let nth = 0
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let began = performance.now(); began < end; began = performance.now()) {
        await client(nth++)
        latenciesMs.push(performance.now() - began)
      }
    }),
  )
  const took = (performance.now() - startedAt) / 1_000
  return {
    perSecond: latenciesMs.length / took,
    p50: medianOf(latenciesMs),
    p99: percentileOf(latenciesMs, 99),
  }
}

function producerOf({ bench, topic }: Scene): Producer {
  return createKafka(kafkaEndpoint(bench.stack.kafkaBrokers, topic), 'freshet-bench', quiet).producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
}

function connectEach(scene: Scene): Client {
  const { topic, records } = scene
  return async (nth) => {
    const producer = producerOf(scene)
    await producer.connect()
    await producer.send({ topic, acks: -1, messages: [records[nth % records.length]!] })
    await producer.disconnect()
  }
}

async function openProducer(scene: Scene): Promise<Producer> {
  const producer = producerOf(scene)
  await producer.connect()
  scene.defer(() => producer.disconnect())
  return producer
}

async function sendEach(scene: Scene): Promise<Client> {
  const { topic, records } = scene
  const producer = await openProducer(scene)
  return async (nth) => {
    await producer.send({ topic, acks: -1, messages: [records[nth % records.length]!] })
  }
}

async function appendLingering(scene: Scene): Promise<Client> {
  const { topic, records } = scene
  const producer = await openProducer(scene)
  let waiting: { message: Message; done: (sent: Promise<unknown>) => void }[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const batch = waiting
    waiting = []
    const sent = producer.send({ topic, acks: -1, messages: batch.map(({ message }) => message) })
    for (const { done } of batch) done(sent)
  }
  return (nth) =>
    new Promise((resolve, reject) => {
      waiting.push({
        message: records[nth % records.length]!,
        done: (sent) => void sent.then(() => resolve(), reject),
      })
      if (waiting.length >= LINGER_RECORDS) flush()
      else timer ??= setTimeout(flush, LINGER_MS)
    })
}

async function appendInGroups({ bench, eventType, topic, defer }: Scene): Promise<Client> {
  const { partitions } = bench.pipeline.topic
  const endpoint = kafkaEndpoint(bench.stack.kafkaBrokers, topic)
  const sink = await createKafkaSink(endpoint, eventType, partitions, quiet)
  defer(() => sink.close())
  const intake = createIntake({
    partitions,
    lanes: 1,
    route: 'bench',
    deadlineMs: DEADLINE_MS,
    maxQueueBytes: 33_554_432,
    persist: (batch: Batch) => sink.write(batch),
    stored: () => undefined,
  })
  defer(() => intake.close())
  const encoded = bench.rows.map((row) => eventType.encode(row))
  return (nth) =>
    new Promise((resolve, reject) => {
      intake.accept(encoded[nth % encoded.length]!, (answer) => {
        if (answer.status === 202) resolve()
        else reject(new Error(answer.reason))
      })
    })
}

/** From appended to handed on, for a reader that lets a fetch wait so long. */
async function readWith(scene: Scene, waitMs: number, seconds: number): Promise<Figure[]> {
  const { bench, eventType, topics, topic, records } = scene
  return withReleases(async (defer) => {
    const producer = await openProducer({ ...scene, defer })
    const latenciesMs: number[] = []
    let read = 0
    let counting = false
    const endpoint = {
      ...kafkaEndpoint(bench.stack.kafkaBrokers, topic),
      parameters: new Map([
        ['group', bench.uniqueName('reader')],
        ['wait-ms', String(waitMs)],
      ]),
    }
    const deliver = (batch: Batch) => {
      const now = Date.now()
      for (const run of batch.runs) {
        read += run.count
        if (!counting) continue
        // Foreign records: their time is the broker's millisecond.
        for (const deltaUs of run.timeDeltasUs)
          latenciesMs.push(now - (Number(run.firstTimeUs) + deltaUs) / 1_000)
      }
      return Promise.resolve(outcomes.stored())
    }
    const noLetters = { send: () => Promise.resolve(), close: () => Promise.resolve() }
    const source = await createKafkaSource(endpoint, createRecordReader(eventType), deliver, noLetters, quiet)
    defer(() => source.close())
    const append = (nth: number) =>
      producer.send({ topic, acks: -1, messages: [records[nth % records.length]!] })
    // The reader begins at the topic's beginning.
    const held = await topics.appended(topic)
    for (const deadline = performance.now() + DEADLINE_MS; read < held; await pause(5))
      if (performance.now() > deadline) throw new Error(`the reader did not catch up in ${DEADLINE_MS} ms`)
    counting = true
    const events = seconds * EVENTS_PER_SECOND
    const before = read
    const startedAt = performance.now()
    for (let nth = 0; nth < events; nth++) {
      await pause(Math.max(0, startedAt + (nth * 1_000) / EVENTS_PER_SECOND - performance.now()))
      await append(nth)
    }
    for (const deadline = performance.now() + DEADLINE_MS; read < before + events; await pause(5))
      if (performance.now() > deadline) throw new Error(`${before + events - read} records were not read`)
    const figure = (name: string, what: string, ms: number): Figure => ({
      name: `wait${waitMs}-${name}`,
      what: `appended → read, a wait of ${formatNumber(waitMs)} ms, ${what}`,
      unit: 'ms',
      rounds: [ms],
    })
    return [
      figure('p50', 'median', medianOf(latenciesMs)),
      figure('p99', '99th percentile', percentileOf(latenciesMs, 99)),
    ]
  })
}

function figuresOf(name: string, way: { what: string; clients: number }, results: Result[]): Figure[] {
  const latency = (of: 'p50' | 'p99', what: string): Figure => ({
    name: `f-${name}-${of}`,
    what: `  until stored, ${what}`,
    unit: 'ms',
    rounds: results.map((result) => result[of]),
  })
  return [
    {
      name: `f-${name}`,
      what: `${way.what}, ${way.clients} clients`,
      unit: 'events/s',
      rounds: results.map(({ perSecond }) => perSecond),
    },
    latency('p50', 'median'),
    latency('p99', '99th percentile'),
  ]
}
