// Appends batches to a topic with acks=-1, each event as one record with its identity in a header.
import { create } from '@bufbuild/protobuf'
import { BatchSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { EventType } from '../../lib/event-type.ts'
import { createKafka } from '../../lib/kafka.ts'
import type { Log } from '../../lib/log.ts'
import { cutBatch, outcomes, recordsOf, type Run, type Sink } from '../batch.ts'
import { createKafkaProducer } from './kafka-producer.ts'
import { createRecordBatchEncoder } from './record-batch.ts'

const REQUEST_DEADLINE_MS = 8_000
const RECONNECT_MS = 500
/** Below a topic's max.message.bytes (1,048,588 unless it says otherwise), which is about a record batch. */
const MAX_RECORD_BATCH_BYTES = 1_000_000

/** The record itself is at fault, so no retry can help. */
const PERMANENT = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP']

export async function createKafkaSink(
  endpoint: Endpoint,
  eventType: EventType,
  partitions: number,
  log: Log,
): Promise<Sink> {
  const topic = endpoint.path
  const producer = createKafkaProducer(createKafka(endpoint, 'freshet-sink', log), topic, REQUEST_DEADLINE_MS)
  const encode = createRecordBatchEncoder(eventType)
  let down: string | undefined = 'not connected yet'
  let connecting: Promise<void> | undefined
  const connect = () =>
    (connecting ??= connectOnce().finally(() => {
      connecting = undefined
    }))
  const connectOnce = async () => {
    const found = await producer.connect()
    // An intake numbers events per partition, so its count must be the topic's.
    if (found !== partitions)
      throw new Error(`topic ${topic} has ${found} partitions, and --partitions says ${partitions}`)
    down = undefined
  }
  let timer: NodeJS.Timeout | undefined
  let closed = false
  /** Whoever is not ready is sent nothing, so the sink finds its way back without a batch. */
  const away = (cause: unknown) => {
    down = reasonOf(cause)
    if (closed) return
    timer ??= setTimeout(() => {
      timer = undefined
      connect().catch(away)
    }, RECONNECT_MS).unref()
  }
  connect().catch(away)

  /** One partition's record batches, in order; several only when they are large. */
  const encodeAll = (runs: Run[]): Buffer[] => {
    const encoded = encode(runs)
    const batch = create(BatchSchema, { runs })
    if (encoded.length <= MAX_RECORD_BATCH_BYTES || recordsOf(batch) === 1) return [encoded]
    return cutBatch(batch).flatMap((part) => encodeAll(part.runs))
  }

  return {
    url: endpoint.url,
    notReady: () => (down === undefined ? undefined : `${endpoint.url}: ${down}`),
    async write(batch) {
      if (down !== undefined) await connect()
      let encoded: (readonly [partition: number, batches: Buffer[]])[]
      try {
        encoded = [...Map.groupBy(batch.runs, ({ partition }) => partition)].map(
          ([partition, runs]) => [partition, encodeAll(runs)] as const,
        )
      } catch (cause) {
        return outcomes.rejected(`a run is not what it says: ${reasonOf(cause)}`)
      }
      try {
        // One after the other, because order within a partition is promised.
        for (let nth = 0; encoded.some(([, batches]) => nth < batches.length); nth++) {
          const round = new Map<number, Buffer>()
          for (const [partition, { [nth]: next }] of encoded) if (next) round.set(partition, next)
          await producer.append(round)
        }
        return outcomes.stored()
      } catch (cause) {
        const type = (cause as { type?: string }).type
        if (type !== undefined && PERMANENT.includes(type)) return outcomes.rejected(reasonOf(cause))
        away(cause)
        throw cause
      }
    },
    close() {
      closed = true
      clearTimeout(timer)
      return producer.disconnect()
    },
  }
}
