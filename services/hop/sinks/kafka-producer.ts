// Appends record batches over kafkajs's own connections, metadata and authentication, past its producer.
//
// The producer would encode each record again and copy an array for each. What of kafkajs is used here is not public;
// 2.2.4 is its last release and package.json pins it, and kafka.it.ts meets a real broker.
import type { Kafka } from 'kafkajs'
import Encoder from 'kafkajs/src/protocol/encoder.js'
import produceResponse from 'kafkajs/src/protocol/requests/produce/v7/response.js'

/** Produce, version 7 (Kafka 2.1 and later): transactional id, acks, timeout, topics, partitions, record batches. */
const PRODUCE = { apiKey: 0, apiVersion: 7, apiName: 'Produce' }
const ALL_IN_SYNC = -1

type Broker = { connectionPool: { send(protocol: unknown): Promise<unknown> }; disconnect(): Promise<void> }
type Cluster = {
  connect(): Promise<void>
  disconnect(): Promise<void>
  isConnected(): boolean
  addTargetTopic(topic: string): Promise<void>
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  findTopicPartitionMetadata(topic: string): unknown[]
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>
  findBroker(node: { nodeId: string }): Promise<Broker>
}

export type KafkaProducer = {
  /** Connects, and reads how many partitions the topic has. */
  connect(): Promise<number>
  /** Resolves when all in-sync replicas have every batch; rejects when one of them may not have it. */
  append(batches: ReadonlyMap<number, Buffer>): Promise<void>
  disconnect(): Promise<void>
}

export function createKafkaProducer(kafka: Kafka, topic: string, requestTimeoutMs: number): KafkaProducer {
  const cluster = openCluster(kafka)
  const reconnect = async () => {
    if (!cluster.isConnected()) await cluster.connect()
    await cluster.addTargetTopic(topic)
    await cluster.refreshMetadata()
    return cluster.findTopicPartitionMetadata(topic).length
  }
  return {
    connect: reconnect,
    async append(batches) {
      await cluster.refreshMetadataIfNecessary()
      const partitionsOf = cluster.findLeaderForPartitions(topic, [...batches.keys()])
      const known = Object.values(partitionsOf).flat()
      if (known.length < batches.size) throw new Error(`a partition of topic ${topic} has no leader`)
      await Promise.all(
        Object.entries(partitionsOf).map(async ([nodeId, partitions]) => {
          const broker = await cluster.findBroker({ nodeId })
          const mine = partitions.map((partition) => [partition, batches.get(partition)!] as const)
          await send(broker, encodeRequest(topic, mine, requestTimeoutMs))
        }),
      )
    },
    disconnect: () => cluster.disconnect(),
  }
}

/** kafkajs keeps the function under a symbol; `producer()` and `consumer()` begin with it. */
function openCluster(kafka: Kafka): Cluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  )
  const create = symbol && (kafka as unknown as Record<symbol, (options: object) => Cluster>)[symbol]
  if (!create) throw new Error('this kafkajs has no createCluster; 2.2.4 is the one that was tried')
  return create({ allowAutoTopicCreation: false, metadataMaxAge: 300_000 })
}

async function send(broker: Broker, bytes: Buffer): Promise<void> {
  const encode = () => Promise.resolve(new Encoder(bytes.length).writeBuffer(bytes))
  const request = { ...PRODUCE, expectResponse: () => true, encode }
  try {
    await broker.connectionPool.send({ request, response: produceResponse })
  } catch (cause) {
    if ((cause as Error).name === 'KafkaJSConnectionClosedError') await broker.disconnect()
    throw cause
  }
}

function encodeRequest(
  topic: string,
  batches: (readonly [partition: number, batch: Buffer])[],
  timeoutMs: number,
): Buffer {
  const name = Buffer.from(topic)
  const head = Buffer.alloc(2 + 2 + 4 + 4 + 2 + name.length + 4)
  let at = head.writeInt16BE(-1) // no transaction
  at = head.writeInt16BE(ALL_IN_SYNC, at)
  at = head.writeInt32BE(timeoutMs, at)
  at = head.writeInt32BE(1, at)
  at = head.writeInt16BE(name.length, at)
  at += name.copy(head, at)
  head.writeInt32BE(batches.length, at)
  const parts = batches.flatMap(([partition, batch]) => {
    const partitionHead = Buffer.alloc(8)
    partitionHead.writeInt32BE(batch.length, partitionHead.writeInt32BE(partition))
    return [partitionHead, batch]
  })
  return Buffer.concat([head, ...parts])
}
