// Records that will never pass go to `<topic>.dlq`, with the reason and where they stood.
import { Partitioners } from 'kafkajs'
import type { Endpoint } from '../lib/endpoint.ts'
import { reasonOf } from '../lib/errors.ts'
import type { EventType } from '../lib/event-type.ts'
import { createKafka, formatIdentity, IDENTITY_HEADER } from '../lib/kafka.ts'
import type { Log } from '../lib/log.ts'
import { eachRecord, type Batch } from './batch.ts'
import type { HopMetrics } from './metrics.ts'
import { TRACEPARENT } from './traceparent.ts'

export type DeadLetter = {
  topic: string
  partition: number
  offset: string
  reason: string
  key: Buffer | string | null
  value: Buffer | null
  identity?: string
  traceparent?: string
}

export type DeadLetters = {
  /** Tries until the dead letter topic has the record or the process ends. */
  send(letter: DeadLetter): Promise<void>
  close(): Promise<void>
}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2_000

export function createDeadLetters(
  endpoint: Endpoint,
  stopped: AbortSignal,
  log: Log,
  metrics: HopMetrics,
): DeadLetters {
  const producer = createKafka(endpoint, 'freshet-dlq', log).producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  let connected: Promise<void> | undefined
  return {
    async send({ topic, partition, offset, reason, key, value, identity, traceparent }) {
      const headers = {
        reason,
        position: `${topic}-${partition}-${offset}`,
        ...(identity && { [IDENTITY_HEADER]: identity }),
        ...(traceparent && { [TRACEPARENT]: traceparent }),
      }
      // One partition: they are few, and people read them in order.
      const message = { key, value, partition: 0, headers }
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
        try {
          await (connected ??= producer.connect())
          await producer.send({ topic: `${topic}.dlq`, acks: -1, messages: [message] })
          metrics.deadLetters.inc()
          log.warn('dead letter', { topic, partition, offset, reason })
          return
        } catch (cause) {
          connected = undefined
          if (stopped.aborted) throw cause
          log.warn('the dead letter topic does not answer', { topic: `${topic}.dlq`, cause: reasonOf(cause) })
          await new Promise((resolve) => setTimeout(resolve, pauseMs))
        }
      }
    },
    close: () => producer.disconnect(),
  }
}

/** The dead letters of a batch from the log that a sink rejected. */
export function lettersOf(batch: Batch, reason: string, eventType: EventType): DeadLetter[] {
  const { log } = batch
  if (!log) return []
  return batch.runs.flatMap((run) => {
    const letters: DeadLetter[] = []
    eachRecord(run, (event, seq, timeUs, offsetDelta, traceparent) => {
      const value = Buffer.from(event)
      letters.push({
        topic: log.topic,
        partition: log.partition,
        offset: String(log.firstOffset + BigInt(offsetDelta)),
        reason,
        key: eventType.keyOf(event) ?? null,
        value,
        identity: formatIdentity(run.origin, run.partition, seq, timeUs, run.route),
        ...(traceparent !== undefined && { traceparent }),
      })
    })
    return letters
  })
}
