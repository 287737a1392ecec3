// Feeds a hop over one WebSocket link, several batches in flight, as another hop would.
import { fromBinary } from '@bufbuild/protobuf'
import { LinkResponseSchema, Verdict } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { LINK_PATH } from '../../services/hop/sources/ws.ts'
import type { Defer } from './releases.ts'
import { openWebSocket } from './websocket.ts'

/** Fewer than the credits, which bound memory. What waits at the hop is what it can join to one call. */
const WINDOW = 32
const OPEN_DEADLINE_MS = 5_000
const ANSWER_DEADLINE_MS = 15_000

export type Feed = {
  /** Sends what `next` writes for each number until it returns undefined; resolves when all are stored. */
  send(next: (number: number) => Uint8Array | undefined): Promise<void>
}

export async function openFeed(defer: Defer, address: string): Promise<Feed> {
  const opened = Promise.withResolvers<number>()
  let number = 0
  let inFlight = 0
  let pump: () => void = () => undefined
  let fail: (cause: Error) => void = opened.reject
  const socket = openWebSocket(address, LINK_PATH, {
    message(payload) {
      const response = fromBinary(LinkResponseSchema, payload)
      if (response.credits > 0) return opened.resolve(response.credits)
      inFlight--
      const { verdict, reason } = response.outcome!
      if (verdict === Verdict.STORED) pump()
      else fail(new Error(`batch ${response.number} was not stored (verdict ${verdict}) ${reason}`))
    },
    closed: (reason) => fail(new Error(`the link to ${address}: ${reason}`)),
  })
  defer(() => Promise.resolve(socket.close()))
  const credits = await within(OPEN_DEADLINE_MS, 'no credits', opened.promise)
  return {
    send(next) {
      const done = Promise.withResolvers<void>()
      let ended = false
      fail = done.reject
      pump = () => {
        while (!ended && inFlight < Math.min(WINDOW, credits)) {
          const frame = next(number + 1)
          if (!frame) ended = true
          else {
            number++
            inFlight++
            socket.send(frame)
          }
        }
        if (ended && inFlight === 0) done.resolve()
      }
      pump()
      return within(ANSWER_DEADLINE_MS, 'batches without an answer', done.promise)
    },
  }
}

async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} after ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
