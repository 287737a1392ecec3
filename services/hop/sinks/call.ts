// The sending side of a transport that has one call a batch and no link: knows whether its server is there.
import { reasonOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log.ts'
import type { Batch, Outcome, Sink } from '../batch.ts'

export type Caller = {
  /** Rejects when the batch may pass later. */
  call(batch: Batch): Promise<Outcome>
  /** Asks the server whether it is there; rejects when it is not. */
  ping(): Promise<unknown>
  close(): void
}

/** How long a call may take; below what one attempt at a sink may, and above what a client of an intake waits. */
export const CALL_DEADLINE_MS = 10_000
/** How long a server may take to say that it is there. */
export const PING_DEADLINE_MS = 2_000
/** Keeps the connection warm, and shows a server that left before a batch meets it. */
const PING_MS = 1_000
const PING_WHILE_AWAY_MS = 100

/** A sink that calls. What is out when a connection breaks fails; its owner sends it again. */
export function createCallSink(url: string, { call, ping, close }: Caller, log: Log): Sink {
  let away: string | undefined = 'not connected yet'
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const note = (reason: string | undefined) => {
    if (closed) return
    if (away !== undefined && reason === undefined) log.info('reached', { sink: url })
    if (away === undefined && reason !== undefined) log.warn('away', { sink: url, reason })
    away = reason
    clearTimeout(timer)
    timer = setTimeout(() => void watch(), away === undefined ? PING_MS : PING_WHILE_AWAY_MS)
    timer.unref()
  }
  const watch = async () => {
    try {
      await ping()
      note(undefined)
    } catch (cause) {
      note(reasonOf(cause))
    }
  }
  void watch()

  return {
    url,
    notReady: () => (away === undefined ? undefined : `${url}: ${away}`),
    async write(batch) {
      try {
        const outcome = await call(batch)
        note(undefined)
        return outcome
      } catch (cause) {
        note(reasonOf(cause))
        throw cause
      }
    },
    close() {
      closed = true
      clearTimeout(timer)
      close()
      return Promise.resolve()
    },
  }
}
