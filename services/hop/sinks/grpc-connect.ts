// The connect-node client of a gRPC link.
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { HopService, type LinkRequest } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { reasonOf } from '../../lib/errors.ts'
import { MAX_MESSAGE_BYTES } from '../batch.ts'
import type { OpenChannel } from './link.ts'

export function openWithConnect(host: string): OpenChannel {
  return (events) => {
    const baseUrl = `http://${host}`
    const sessionManager = new Http2SessionManager(baseUrl, { pingIntervalMs: 5_000, pingTimeoutMs: 3_000 })
    const transport = createGrpcTransport({ baseUrl, sessionManager, readMaxBytes: MAX_MESSAGE_BYTES })
    const abort = new AbortController()
    const outgoing: LinkRequest[] = []
    let wake: () => void = () => undefined
    let ended = false
    const requests = async function* () {
      while (!ended) {
        const next = outgoing.shift()
        if (next) yield next
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    }
    const reading = async () => {
      try {
        const stream = createClient(HopService, transport).link(requests(), { signal: abort.signal })
        for await (const response of stream) events.response(response)
        return 'the peer ended the stream'
      } catch (cause) {
        return reasonOf(cause)
      }
    }
    void reading().then((reason) => events.closed(reason))
    return {
      send(request) {
        outgoing.push(request)
        wake()
      },
      close() {
        ended = true
        wake()
        abort.abort()
        sessionManager.abort()
      },
    }
  }
}
