// Topics of the bench's own: made, counted, and removed again.
import { createKafka } from '../../services/lib/kafka.ts'
import type { Log } from '../../services/lib/log.ts'
import type { Endpoint } from '../../services/lib/endpoint.ts'
import type { Defer } from './releases.ts'

export const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export function kafkaEndpoint(brokers: string, topic: string): Endpoint {
  const url = `kafka://${brokers}/${topic}`
  return { url, scheme: 'kafka', hosts: brokers.split(','), path: topic, parameters: new Map() }
}

export type Topics = {
  /** With its dead letter topic; removed at the end. */
  create(topic: string, partitions: number): Promise<void>
  /** How many records were ever appended. */
  appended(topic: string): Promise<number>
}

export async function openTopics(defer: Defer, brokers: string): Promise<Topics> {
  const admin = createKafka(kafkaEndpoint(brokers, ''), 'freshet-bench', quiet).admin()
  await admin.connect()
  defer(() => admin.disconnect())
  return {
    async create(topic, partitions) {
      const numPartitions = partitions
      await admin.createTopics({
        waitForLeaders: true,
        topics: [
          { topic, numPartitions, replicationFactor: 1 },
          { topic: `${topic}.dlq`, numPartitions: 1, replicationFactor: 1 },
        ],
      })
      defer(() => admin.deleteTopics({ topics: [topic, `${topic}.dlq`] }))
    },
    async appended(topic) {
      const offsets = await admin.fetchTopicOffsets(topic)
      return offsets.reduce((sum, { high }) => sum + Number(high), 0)
    },
  }
}
