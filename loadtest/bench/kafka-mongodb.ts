// (d) Kafka → MongoDB beside a bare insertMany loop into another collection of the same server.
import { setTimeout as pause } from 'node:timers/promises'
import { MongoClient, type Collection } from 'mongodb'
import { Verdict } from '../../services/hop/batch.ts'
import { createKafkaSink } from '../../services/hop/sinks/kafka.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { EVENTS_COLLECTION, type EventDocument } from '../../services/lib/mongo.ts'
import { eventId } from '../../services/lib/views.ts'
import { batchOf, createOrigin, makeTemplates, type Origin } from './batches.ts'
import type { Bench } from './bench.ts'
import { endpointsOf, startHop } from './programs.ts'
import { withReleases } from './releases.ts'
import { formatNumber, type Section } from './report.ts'
import { ratiosOf } from './statistics.ts'
import { kafkaEndpoint, openTopics, quiet } from './topics.ts'
import { takeTurns } from './turns.ts'

/** Multiples of what one call of the bare loop inserts. */
const full = { rounds: 5, records: 60_000, warmUpRecords: 30_000 }
const quick = { rounds: 1, records: 20_000, warmUpRecords: 10_000 }
const DOCUMENTS_PER_CALL = 1_000
const TEMPLATES = 20
const POLL_MS = 10
const DRAIN_DEADLINE_MS = 60_000

/** As the hop writes. */
const writeConcern = { w: 'majority', journal: true } as const

export function measureKafkaMongodb(bench: Bench): Promise<Section> {
  const { stack, pipeline, rows, uniqueName, say } = bench
  const { rounds, records, warmUpRecords } = bench.quick ? quick : full
  const { partitions } = pipeline.topic
  const eventType = loadEventType(pipeline.event)
  const templates = makeTemplates(rows, eventType, partitions, DOCUMENTS_PER_CALL, TEMPLATES)
  const [topic, database] = [uniqueName('archive'), uniqueName('archive')]

  return withReleases(async (defer) => {
    const topics = await openTopics(defer, stack.kafkaBrokers)
    await topics.create(topic, partitions)
    const mongo = new MongoClient(stack.mongoUrl, { serverSelectionTimeoutMS: 5_000 })
    defer(() => mongo.close())
    const db = mongo.db(database)
    defer(() => db.dropDatabase())
    const archived = db.collection<EventDocument>(EVENTS_COLLECTION)
    const bare = db.collection<EventDocument>('bare')
    const indexed = db.collection<EventDocument>('indexed')
    const sink = await createKafkaSink(kafkaEndpoint(stack.kafkaBrokers, topic), eventType, partitions, quiet)
    defer(() => sink.close())
    const { topic: topicUrl, database: databaseUrl } = endpointsOf(stack)
    const archiver = await startHop(defer, {
      event: pipeline.event,
      pipeline: topic,
      partitions,
      name: 'archiver',
      from: `${topicUrl(topic)}?group=${topic}`,
      to: databaseUrl(database),
    })

    const append = async (origin: Origin, count: number): Promise<void> => {
      for (let batch = 0; batch < count / DOCUMENTS_PER_CALL; batch++) {
        const { verdict, reason } = await sink.write(batchOf(templates[batch % TEMPLATES]!, origin))
        if (verdict !== Verdict.STORED) throw new Error(`kafka did not take the records: ${reason}`)
      }
    }

    const runs = {
      /** The consumer is frozen while the topic is filled, so that joining the group is not in the figure. */
      async d(count: number): Promise<number> {
        const before = await archiver.records()
        archiver.kill('SIGSTOP')
        await append(createOrigin(uniqueName('origin')), count)
        const startedAt = performance.now()
        archiver.kill('SIGCONT')
        for (const deadline = startedAt + DRAIN_DEADLINE_MS; (await archiver.records()) < before + count;) {
          if (performance.now() > deadline)
            throw new Error(`not every record is in MongoDB after ${DRAIN_DEADLINE_MS} ms`)
          await pause(POLL_MS)
        }
        return count / ((performance.now() - startedAt) / 1_000)
      },
      insertMany: (count: number) => insertAll(bare, count),
      indexed: (count: number) => insertAll(indexed, count),
    }
    const insertAll = async (collection: Collection<EventDocument>, count: number): Promise<number> => {
      const calls = documentsFor(createOrigin(uniqueName('origin')), count)
      const startedAt = performance.now()
      for (const documents of calls) await collection.insertMany(documents, { ordered: false, writeConcern })
      return count / ((performance.now() - startedAt) / 1_000)
    }

    const documentsFor = (origin: Origin, count: number): EventDocument[][] =>
      Array.from({ length: count / DOCUMENTS_PER_CALL }, (_, call) =>
        Array.from({ length: DOCUMENTS_PER_CALL }, (_unused, index) => {
          const nth = call * DOCUMENTS_PER_CALL + index
          const partition = nth % partitions
          return {
            _id: eventId(origin.name, partition, Math.floor(nth / partitions) + 1),
            ...eventType.toDocument(eventType.encode(rows[nth % rows.length]).bytes),
            time: new Date(),
            route: origin.route,
            log: { topic, partition, offset: Math.floor(nth / partitions) },
          }
        }),
      )

    for (const { key, name } of await archived.listIndexes().toArray())
      if (name !== '_id_') await indexed.createIndex(key as Record<string, 1 | -1>)
    const names = ['insertMany', 'indexed', 'd'] as const
    for (const name of names) {
      say(`warming up: ${name}`)
      await runs[name](warmUpRecords)
    }
    const results = await takeTurns(rounds, names, (name) => runs[name](records), say)
    const expected = warmUpRecords + rounds * records
    for (const collection of [archived, bare, indexed]) {
      const stored = await collection.countDocuments()
      if (stored !== expected)
        throw new Error(`${collection.collectionName} holds ${stored} documents, not ${expected}`)
    }
    return {
      title: `Kafka → MongoDB: ${rounds} × ${formatNumber(records)} records, in turn`,
      figures: [
        figure(
          'insertMany',
          `bare loop, ${DOCUMENTS_PER_CALL} documents a call, unordered`,
          results.insertMany,
        ),
        {
          ...figure('indexed', '  the same into a collection with the indexes of the hop’s', results.indexed),
          ratio: { to: 'insertMany', rounds: ratiosOf(results.indexed, results.insertMany) },
        },
        {
          ...figure('d', 'kafka → mongodb, until the last is acknowledged', results.d),
          ratio: { to: 'insertMany', rounds: ratiosOf(results.d, results.insertMany) },
          target: { rule: 'at least', value: 0.8 },
        },
      ],
      remarks: ['the consumer is frozen while the topic is filled; every count is exact afterwards'],
    }
  })
}

const figure = (name: string, what: string, rounds: number[]) => ({ name, what, unit: 'events/s', rounds })
