// The sending side of a link, whatever carries it: numbers batches, waits for their outcomes, reconnects.
import { create, toBinary } from '@bufbuild/protobuf'
import {
  BatchSchema,
  LinkRequestSchema,
  type LinkRequest,
  type LinkResponse,
} from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log.ts'
import { MAX_MESSAGE_BYTES, outcomes, TRACE_BYTES, type Batch, type Outcome, type Sink } from '../batch.ts'

/** One open connection. */
export type Channel = { send(request: LinkRequest): void; close(): void }

/** Opens a connection; `closed` is called once, however it ends. */
export type OpenChannel = (events: {
  response(response: LinkResponse): void
  closed(reason: string): void
}) => Channel

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000
/** A batch whose outcome is out longer than this means that the link is dead: it is opened anew. */
const ANSWER_DEADLINE_MS = 10_000
/** The credits must have come by then. */
const OPEN_DEADLINE_MS = 3_000

type Pending = { resolve: (outcome: Outcome) => void; reject: (cause: Error) => void; since: number }

/** A sink that keeps one connection open. What is in flight when it breaks fails; its owner sends it again. */
export function createLinkSink(url: string, open: OpenChannel, log: Log): Sink {
  const pending = new Map<number, Pending>()
  const waitingForCredit: (() => void)[] = []
  let channel: Channel | undefined
  let generation = 0
  let credits = 0
  let number = 0
  let openedAt = 0
  let pauseMs = FIRST_PAUSE_MS
  let reconnect: NodeJS.Timeout | undefined
  let closing = false
  let lastReason = 'not connected yet'

  const fail = (reason: string) => {
    // First, because closing may report itself at once.
    generation++
    channel?.close()
    channel = undefined
    credits = 0
    lastReason = reason
    for (const { reject } of pending.values()) reject(new Error(reason))
    pending.clear()
    for (const wake of waitingForCredit.splice(0)) wake()
    if (closing) return
    reconnect = setTimeout(connect, pauseMs)
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }

  const connect = () => {
    const mine = ++generation
    number = 0
    openedAt = Date.now()
    try {
      channel = open({
        response: (response) => {
          if (mine === generation) take(response)
        },
        closed: (reason) => {
          if (mine === generation) fail(reason)
        },
      })
    } catch (cause) {
      fail(reasonOf(cause))
    }
  }

  const take = (response: LinkResponse) => {
    if (response.credits > 0) {
      credits = response.credits
      pauseMs = FIRST_PAUSE_MS
      lastReason = ''
      log.info('linked', { sink: url, credits })
      return
    }
    const waiting = pending.get(response.number)
    if (!waiting || !response.outcome) return fail(`an answer to batch ${response.number}, which is not out`)
    pending.delete(response.number)
    credits++
    waitingForCredit.shift()?.()
    waiting.resolve(response.outcome)
  }

  const watch = setInterval(() => {
    const oldest = pending.values().next().value
    if (oldest && Date.now() - oldest.since > ANSWER_DEADLINE_MS)
      fail(`no answer in ${ANSWER_DEADLINE_MS} ms`)
    else if (channel && lastReason && Date.now() - openedAt > OPEN_DEADLINE_MS)
      fail(`no credits in ${OPEN_DEADLINE_MS} ms`)
  }, 1_000)
  watch.unref()
  connect()

  return {
    url,
    notReady: () => (lastReason ? `${url}: ${lastReason}` : undefined),
    async write(batch) {
      const bytes = bytesToSend(batch)
      // The server would break the link, and what is in flight on it, each time that the owner tries again.
      if (bytes > MAX_MESSAGE_BYTES)
        return outcomes.rejected(`a batch of ${bytes} bytes; the most is ${MAX_MESSAGE_BYTES}`)
      if (lastReason) throw new Error(lastReason)
      if (credits === 0) await new Promise<void>((resolve) => waitingForCredit.push(resolve))
      if (!channel || lastReason) throw new Error(lastReason || 'the link is down')
      credits--
      const mine = ++number
      return new Promise((resolve, reject) => {
        pending.set(mine, { resolve, reject, since: Date.now() })
        channel!.send(create(LinkRequestSchema, { number: mine, batch }))
      })
    },
    async close() {
      closing = true
      clearInterval(watch)
      clearTimeout(reconnect)
      fail('closed')
    },
  }
}

/** What a request takes beside its batch: a number and two tags with lengths. */
const REQUEST_BYTES = 16

/** An estimate from above; exact when that would be too much, because measuring takes as long as sending. */
function bytesToSend(batch: Batch): number {
  let most = 64 + REQUEST_BYTES
  for (const { events, count, origin, route, traces } of batch.runs)
    most += events.length + 10 * count + 3 * (origin.length + route.length) + TRACE_BYTES * traces.length + 64
  return most <= MAX_MESSAGE_BYTES ? most : toBinary(BatchSchema, batch).length + REQUEST_BYTES
}
