// A pipeline of its own for each test, on the shared servers.
import { randomBytes } from 'node:crypto'
import type { Pipeline } from '../pipelines/pipeline.ts'

/** The same graph under names that no other test uses. */
export function uniquePipeline<P extends Pipeline>(pipeline: P): P {
  const suffix = randomBytes(4).toString('hex')
  const hops = structuredClone(pipeline.hops)
  for (const { from } of Object.values(hops)) {
    if ('group' in from) from.group += `-${suffix}`
    // Streams are named after the pipeline, channels are not.
    if ('redis-pubsub' in from) from['redis-pubsub'] += `-${suffix}`
  }
  return {
    ...pipeline,
    name: `${pipeline.name}-${suffix}`,
    ...(pipeline.topic && { topic: { ...pipeline.topic, name: `${pipeline.topic.name}-${suffix}` } }),
    database: `${pipeline.database}_${suffix}`,
    hops,
  }
}
