// Appends batches to Redis streams, one a partition. STORED means that Redis has the batch; it is as durable as
// that Redis is.
import { create, toBinary } from '@bufbuild/protobuf'
import { BatchSchema, type Run } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import type { Log } from '../../lib/log.ts'
import { MAX_MESSAGE_BYTES, outcomes, type Sink } from '../batch.ts'
import { openRedis, scriptRunner } from '../redis-connection.ts'
import { appendScript, stateKey, streamKey } from '../redis-streams.ts'

/** What a stream may hold that its readers have not acknowledged: half a minute of 20,000 events/s of 100 bytes. */
const DEFAULT_BACKLOG_BYTES = 67_108_864

export function createRedisStreamSink(endpoint: Endpoint, pipeline: string, log: Log): Sink {
  const redis = openRedis(endpoint.hosts[0]!, log)
  const runScript = scriptRunner(redis.call)
  const most = Number(endpoint.parameters.get('backlog-bytes') ?? DEFAULT_BACKLOG_BYTES)
  return {
    url: endpoint.url,
    notReady() {
      const reason = redis.notReady()
      return reason === undefined ? undefined : `${endpoint.url}: ${reason}`
    },
    async write({ runs }) {
      const keys: string[] = []
      const payloads: Buffer[] = []
      for (const [partition, own] of Map.groupBy(runs, (run: Run) => run.partition)) {
        const payload = Buffer.from(toBinary(BatchSchema, create(BatchSchema, { runs: own })))
        if (payload.length > MAX_MESSAGE_BYTES)
          return outcomes.rejected(`a batch of ${payload.length} bytes; the most is ${MAX_MESSAGE_BYTES}`)
        keys.push(streamKey(pipeline, partition), stateKey(pipeline, partition))
        payloads.push(payload)
      }
      const full = (await runScript(appendScript, keys, [String(most), ...payloads])) as string | null
      if (full === null) return outcomes.stored()
      return outcomes.failed(`${full} bytes that its readers have not acknowledged; the most is ${most}`)
    },
    close() {
      redis.close()
      return Promise.resolve()
    },
  }
}
