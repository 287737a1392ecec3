// Publishes batches on a channel of Redis. What is not heard at that moment is lost; that is the nature of it.
import { toBinary } from '@bufbuild/protobuf'
import { BatchSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import type { Log } from '../../lib/log.ts'
import { MAX_MESSAGE_BYTES, outcomes, type Sink } from '../batch.ts'
import { openRedis } from '../redis-connection.ts'

/** STORED means that a subscriber got the batch, nothing more. */
export function createRedisPubsubSink(endpoint: Endpoint, log: Log): Sink {
  const redis = openRedis(endpoint.hosts[0]!, log)
  const channel = endpoint.path
  return {
    url: endpoint.url,
    notReady() {
      const reason = redis.notReady()
      return reason === undefined ? undefined : `${endpoint.url}: ${reason}`
    },
    async write(batch) {
      const bytes = Buffer.from(toBinary(BatchSchema, batch))
      if (bytes.length > MAX_MESSAGE_BYTES)
        return outcomes.rejected(`a batch of ${bytes.length} bytes; the most is ${MAX_MESSAGE_BYTES}`)
      const subscribers = Number(await redis.call(['PUBLISH', channel, bytes]))
      return subscribers > 0 ? outcomes.stored() : outcomes.failed(`nobody listens to ${channel}`)
    },
    close() {
      redis.close()
      return Promise.resolve()
    },
  }
}
