// Kafka as this program needs it: offsets, and single records without joining a group.
import type { Admin, Cluster, Kafka, KafkaMessage } from 'kafkajs'
import type { Endpoint } from '../lib/endpoint.ts'
import { reasonOf } from '../lib/errors.ts'
import { createKafka } from '../lib/kafka.ts'
import type { Log } from '../lib/log.ts'
import { atMost } from './stores.ts'

const FETCH_BYTES = 1_048_576
/** How long the broker holds a fetch that finds nothing. */
const FETCH_WAIT_MS = 50
const CLOSE_DEADLINE_MS = 300

export type Bounds = { low: bigint; high: bigint }

export type LogReader = {
  topic: string
  /** The oldest offset and the next one, by partition. */
  bounds(): Promise<Map<number, Bounds>>
  /** The committed offsets of a group, by partition; absent where it has committed nothing. */
  committed(group: string): Promise<Map<number, bigint>>
  /**
   * Reads a partition from `from` to before `until` and calls `matches` with each record until it says yes.
   * Undefined when none matched, 'late' when `signal` came first.
   */
  find(
    partition: number,
    from: bigint,
    until: bigint,
    matches: (record: KafkaMessage) => boolean,
    signal: AbortSignal,
  ): Promise<bigint | 'late' | undefined>
  close(): Promise<void>
}

type Session = { admin: Admin; cluster: Cluster }

/** Connects with the first call. A session that failed is thrown away, because kafkajs keeps stale metadata. */
export function openKafkaLog(endpoint: Endpoint, log: Log): LogReader {
  const kafka = createKafka(endpoint, 'freshet-query', log)
  const topic = endpoint.path
  let session: Promise<Session> | undefined

  const use = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    const own = (session ??= connect(kafka, topic))
    try {
      return await work(await own)
    } catch (cause) {
      if (session === own) {
        session = undefined
        own
          .then(disconnect)
          .catch((reason: unknown) => log.debug('kafka session ended', { cause: reasonOf(reason) }))
      }
      throw cause
    }
  }

  return {
    topic,
    bounds: () =>
      use(async ({ admin }) => {
        const offsets = await admin.fetchTopicOffsets(topic)
        return new Map(
          offsets.map(({ partition, low, high }) => [partition, { low: BigInt(low), high: BigInt(high) }]),
        )
      }),
    committed: (groupId) =>
      use(async ({ admin }) => {
        const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
        const committed = (offsets?.partitions ?? []).filter(({ offset }) => Number(offset) >= 0)
        return new Map(committed.map(({ partition, offset }) => [partition, BigInt(offset)]))
      }),
    find: (partition, from, until, matches, signal) =>
      use(async ({ cluster }) => {
        for (let at = from; at < until;) {
          if (signal.aborted) return 'late'
          const records = await fetchRecords(cluster, topic, partition, at)
          for (const record of records) {
            const offset = BigInt(record.offset)
            // A fetch begins with the batch that holds the offset, which may be older.
            if (offset >= at && offset < until && matches(record)) return offset
          }
          const last = records.at(-1)
          if (!last || BigInt(last.offset) < at) return undefined
          at = BigInt(last.offset) + 1n
        }
        return undefined
      }),
    async close() {
      const closing = session?.then(disconnect)
      session = undefined
      if (closing) await atMost(CLOSE_DEADLINE_MS, closing)
    },
  }
}

async function connect(kafka: Kafka, topic: string): Promise<Session> {
  const admin = kafka.admin()
  // A consumer that never joins its group: kafkajs hands the cluster only to the assigners of a consumer, and
  // reading through a group would take seconds and leave a group behind on the broker for each search.
  let cluster: Cluster | undefined
  kafka.consumer({
    groupId: 'never-joined',
    allowAutoTopicCreation: false,
    partitionAssigners: [
      (given) => {
        cluster = given.cluster
        return {
          name: 'none',
          version: 0,
          assign: () => Promise.resolve([]),
          protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  if (!cluster) throw new Error('kafkajs did not hand out its cluster')
  await Promise.all([admin.connect(), cluster.connect()])
  // Calls that come together before the metadata is there fail each other (kafkajs 2.2 without retries).
  await Promise.all([admin.fetchTopicMetadata({ topics: [topic] }), cluster.addTargetTopic(topic)])
  return { admin, cluster }
}

async function disconnect({ admin, cluster }: Session): Promise<void> {
  await Promise.all([admin.disconnect(), cluster.disconnect()])
}

/** The part of kafkajs' answer to a fetch that is used; its types leave it open. */
type Fetched = { responses: { partitions: { errorCode: number; messages: KafkaMessage[] }[] }[] }

async function fetchRecords(
  cluster: Cluster,
  topic: string,
  partition: number,
  offset: bigint,
): Promise<KafkaMessage[]> {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
  if (nodeId === undefined) throw new Error(`partition ${partition} has no leader`)
  const broker = await cluster.findBroker({ nodeId })
  const request = { partition, fetchOffset: String(offset), maxBytes: FETCH_BYTES }
  const fetched = (await broker.fetch({
    maxWaitTime: FETCH_WAIT_MS,
    minBytes: 1,
    maxBytes: FETCH_BYTES,
    topics: [{ topic, partitions: [request] }],
  })) as Fetched
  return fetched.responses.flatMap(({ partitions }) => partitions.flatMap(({ messages }) => messages))
}
