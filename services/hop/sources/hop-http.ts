// Takes batches from other hops by HTTP/1.1: one encoded batch a POST, answered with its outcome. The public intake
// is another server (http.ts) with other paths and types, so neither takes the other's bodies.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import * as uWS from 'uWebSockets.js'
import {
  AppendRequestSchema,
  AppendResponseSchema,
  type Batch,
} from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { listen } from '../../lib/admin.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import { MAX_MESSAGE_BYTES, outcomes, type Deliver, type Outcome, type Source } from '../batch.ts'
import { readBody } from './body.ts'
import { mistakeOf } from './link.ts'

/** Not a path of the public intake. */
export const APPEND_PATH = '/append'
export const BATCH_TYPE = 'application/x-protobuf'

/** Batches that are not answered by then are cut off; below the pod's grace period. */
const DRAIN_DEADLINE_MS = 10_000

export async function createHopHttpSource(endpoint: Endpoint, deliver: Deliver): Promise<Source> {
  let inFlight = 0
  let closing = false
  let drained: () => void = () => undefined

  const take = (res: uWS.HttpResponse, req: uWS.HttpRequest) => {
    const rightType = req.getHeader('content-type') === BATCH_TYPE
    let gone = false
    let settled = false
    inFlight++
    const settle = () => {
      if (settled) return
      settled = true
      if (--inFlight === 0 && closing) drained()
    }
    const refuse = (status: string, reason: string, close = closing) => {
      if (!gone) res.cork(() => res.writeStatus(status).end(`${reason}\n`, close))
      settle()
    }
    const answer = (outcome: Outcome) => {
      const body = toBinary(AppendResponseSchema, create(AppendResponseSchema, { outcome }))
      if (!gone) res.cork(() => res.writeHeader('Content-Type', BATCH_TYPE).end(body, closing))
      settle()
    }
    const use = (bytes: Buffer) => {
      let batch: Batch | undefined
      try {
        // Copied, because the batch outlives this call and the memory does not.
        batch = fromBinary(AppendRequestSchema, new Uint8Array(bytes)).batch
      } catch {
        return refuse('400 Bad Request', 'the body is no AppendRequest')
      }
      if (!batch) return refuse('400 Bad Request', 'an AppendRequest holds a batch')
      const mistake = mistakeOf(batch)
      if (mistake) answer(outcomes.rejected(mistake))
      else void deliver(batch).then(answer)
    }
    readBody(
      res,
      MAX_MESSAGE_BYTES,
      (body) => {
        if ('tooLarge' in body)
          refuse('413 Content Too Large', `the body is above ${MAX_MESSAGE_BYTES} bytes`, true)
        else if ('late' in body) refuse('408 Request Timeout', 'the body did not come in time', true)
        else if (!rightType) refuse('415 Unsupported Media Type', `Content-Type must be ${BATCH_TYPE}`)
        else use(body.bytes)
      },
      () => {
        gone = true
        settle()
      },
    )
  }

  const app = uWS.App()
  app.post(APPEND_PATH, take)
  app.get(APPEND_PATH, (res) => {
    res.writeStatus('204 No Content').end(undefined, closing)
  })
  app.any(APPEND_PATH, (res) => {
    res.writeStatus('405 Method Not Allowed').writeHeader('Allow', 'GET, POST').end()
  })
  app.any('/*', (res) => {
    res.writeStatus('404 Not Found').end(`only hops send here, to ${APPEND_PATH}\n`)
  })
  const listening = await listen(app, endpoint.hosts[0]!)
  return {
    notReady: () => undefined,
    async close() {
      listening.stopAccepting()
      closing = true
      if (inFlight > 0) {
        await new Promise<void>((resolve) => {
          drained = resolve
          setTimeout(resolve, DRAIN_DEADLINE_MS).unref()
        })
        // The last answer is handed to the kernel after this turn.
        await new Promise(setImmediate)
      }
      app.close()
    },
  }
}
