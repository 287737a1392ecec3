// What is behind every route: the topic, its readers, the stores.
import { endpointsOf, startHop, type Started } from '../bench/programs.ts'
import type { Defer } from '../bench/releases.ts'
import { openTopics } from '../bench/topics.ts'
import type { Duel } from './duel.ts'
import { openStores, type Stores } from './stores.ts'

export type Field = {
  stores: Stores
  /** Processes of the readers of the log, and of log and stores. */
  behind: number[]
}

/** Topic, prefix in Redis and database get this name. */
export async function startField(defer: Defer, duel: Duel, name: string): Promise<Field> {
  const { stack, pipeline } = duel
  const topics = await openTopics(defer, stack.kafkaBrokers)
  await topics.create(name, pipeline.topic.partitions)
  const { topic, redis, database } = endpointsOf(stack)
  const hop = { event: pipeline.event, pipeline: name, partitions: pipeline.topic.partitions }
  const reader = (own: string, to: string): Promise<Started> =>
    startHop(defer, { ...hop, name: own, from: `${topic(name)}?group=${name}-${own}`, to })
  const readers = await Promise.all([reader('archiver', database(name)), reader('live-writer', redis)])
  const stores = await openStores(defer, duel, topics, name)
  return { stores, behind: [...readers.map(({ pid }) => pid), ...Object.values(stack.pids)] }
}
