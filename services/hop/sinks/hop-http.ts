// Hands batches to another hop by HTTP/1.1: one POST a batch, over connections that are kept.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Agent, request } from 'node:http'
import { AppendRequestSchema, AppendResponseSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { hostOf, portOf, type Endpoint } from '../../lib/endpoint.ts'
import type { Log } from '../../lib/log.ts'
import { LINK_CREDITS, MAX_MESSAGE_BYTES, outcomes, type Outcome, type Sink } from '../batch.ts'
import { APPEND_PATH, BATCH_TYPE } from '../sources/hop-http.ts'
import { CALL_DEADLINE_MS, createCallSink, PING_DEADLINE_MS } from './call.ts'

/** Below the 10 s after which uWebSockets.js closes an idle connection, so that no batch meets a closing one. */
const IDLE_CONNECTION_MS = 5_000
/** An answer is an outcome with a reason for logs. */
const MAX_ANSWER_BYTES = 65_536

type Answer = { status: number; body: Buffer }

export function createHopHttpSink(endpoint: Endpoint, log: Log): Sink {
  const host = endpoint.hosts[0]!
  const agent = new Agent({ keepAlive: true, maxSockets: LINK_CREDITS, timeout: IDLE_CONNECTION_MS })

  const ask = (method: 'GET' | 'POST', deadlineMs: number, body?: Uint8Array) =>
    new Promise<Answer>((resolve, reject) => {
      const headers = body && { 'Content-Type': BATCH_TYPE, 'Content-Length': body.length }
      const sent = request({
        agent,
        method,
        hostname: hostOf(host),
        port: portOf(host),
        path: APPEND_PATH,
        headers: headers ?? {},
      })
      const timer = setTimeout(() => sent.destroy(new Error(`no answer in ${deadlineMs} ms`)), deadlineMs)
      const fail = (cause: Error) => {
        clearTimeout(timer)
        reject(cause)
      }
      sent.on('error', fail)
      sent.on('response', (answer) => {
        const chunks: Buffer[] = []
        let bytes = 0
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > MAX_ANSWER_BYTES) sent.destroy(new Error(`an answer above ${MAX_ANSWER_BYTES} bytes`))
          else chunks.push(chunk)
        })
        answer.on('error', fail)
        answer.on('end', () => {
          clearTimeout(timer)
          resolve({ status: answer.statusCode!, body: Buffer.concat(chunks) })
        })
      })
      sent.end(body)
    })

  return createCallSink(
    endpoint.url,
    {
      async call(batch) {
        const bytes = toBinary(AppendRequestSchema, create(AppendRequestSchema, { batch }))
        // The server would close the connection in the middle of it.
        if (bytes.length > MAX_MESSAGE_BYTES)
          return outcomes.rejected(`a batch of ${bytes.length} bytes; the most is ${MAX_MESSAGE_BYTES}`)
        return outcomeOf(await ask('POST', CALL_DEADLINE_MS, bytes))
      },
      async ping() {
        const { status } = await ask('GET', PING_DEADLINE_MS)
        if (status !== 204) throw new Error(`answers ${status}; it is no hop`)
      },
      close: () => agent.destroy(),
    },
    log,
  )
}

function outcomeOf({ status, body }: Answer): Outcome {
  if (status === 200) {
    const { outcome } = fromBinary(AppendResponseSchema, body)
    if (!outcome) throw new Error('an answer without outcome')
    return outcome
  }
  const reason = `answered ${status}: ${body.toString('utf8').slice(0, 200)}`
  if (status === 400 || status === 413) return outcomes.rejected(reason)
  throw new Error(reason)
}
