// What sinks reject for good of a path without Kafka: entries of the stream `{pipeline}:dead-letters`.
import { setTimeout as pause } from 'node:timers/promises'
import { reasonOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { eventId } from '../lib/views.ts'
import { eachRecord } from './batch.ts'
import type { Rejected } from './deliver.ts'
import type { HopMetrics } from './metrics.ts'
import { openRedis } from './redis-connection.ts'
import { TRACEPARENT } from './traceparent.ts'

/** The oldest go beyond that. */
const MAX_LETTERS = '10000'
const RETRY_MS = 500

type Letter = { id: string; event: Uint8Array; traceparent: string | undefined }

export function createRedisDeadLetters(
  host: string,
  pipeline: string,
  stopped: AbortSignal,
  log: Log,
  metrics: Pick<HopMetrics, 'deadLetters'>,
) {
  const redis = openRedis(host, log)
  const key = `{${pipeline}}:dead-letters`
  /** Tries until Redis has the record or the process ends. */
  const send = async ({ id, event, traceparent }: Letter, reason: string) => {
    for (;;) {
      try {
        const command = ['XADD', key, 'MAXLEN', '~', MAX_LETTERS, '*']
        const trace = traceparent === undefined ? [] : [TRACEPARENT, traceparent]
        await redis.call([...command, 'id', id, 'reason', reason, 'event', Buffer.from(event), ...trace])
        metrics.deadLetters.inc()
        log.warn('dead letter', { id, reason })
        return
      } catch (cause) {
        if (stopped.aborted) throw cause
        log.warn('redis does not take a dead letter', { key, cause: reasonOf(cause) })
        await pause(RETRY_MS)
      }
    }
  }
  const rejected: Rejected = async ({ runs }, reason) => {
    const letters: Letter[] = []
    for (const run of runs)
      eachRecord(run, (event, seq, _timeUs, _offsetDelta, traceparent) =>
        letters.push({ id: eventId(run.origin, run.partition, seq), event, traceparent }),
      )
    for (const letter of letters) await send(letter, reason)
  }
  return { rejected, close: () => redis.close() }
}
