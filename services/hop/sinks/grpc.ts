// Hands batches to another hop over one bidirectional gRPC stream. Two clients: connect-node and grpc-js.
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import * as grpc from '@grpc/grpc-js'
import {
  HopService,
  LinkRequestSchema,
  LinkResponseSchema,
  type LinkRequest,
  type LinkResponse,
} from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { Log } from '../../lib/log.ts'
import { MAX_MESSAGE_BYTES, type Sink } from '../batch.ts'
import { createLinkSink, type OpenChannel } from './link.ts'

export function createGrpcSink(endpoint: Endpoint, log: Log): Sink {
  const host = endpoint.hosts[0]!
  const open = endpoint.parameters.get('client') === 'grpc-js' ? openWithGrpcJs(host) : openWithConnect(host)
  return createLinkSink(endpoint.url, open, log)
}

function openWithConnect(host: string): OpenChannel {
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

const linkMethod: grpc.MethodDefinition<LinkRequest, LinkResponse> = {
  path: `/${HopService.typeName}/${HopService.method.link.name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: (request) => Buffer.from(toBinary(LinkRequestSchema, request)),
  requestDeserialize: (bytes) => fromBinary(LinkRequestSchema, bytes),
  responseSerialize: (response) => Buffer.from(toBinary(LinkResponseSchema, response)),
  responseDeserialize: (bytes) => fromBinary(LinkResponseSchema, bytes),
}

function openWithGrpcJs(host: string): OpenChannel {
  return (events) => {
    const client = new grpc.Client(host, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.keepalive_time_ms': 5_000,
      'grpc.keepalive_timeout_ms': 3_000,
      // Retries belong to the hop that owns the batch.
      'grpc.enable_retries': 0,
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    })
    const stream = client.makeBidiStreamRequest(
      linkMethod.path,
      linkMethod.requestSerialize,
      linkMethod.responseDeserialize,
    )
    stream.on('data', (response: LinkResponse) => events.response(response))
    stream.on('error', (cause) => events.closed(reasonOf(cause)))
    stream.on('end', () => events.closed('the peer ended the stream'))
    return {
      send: (request) => void stream.write(request),
      close() {
        stream.cancel()
        client.close()
      },
    }
  }
}
