// The grpc-js client of a gRPC link.
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import * as grpc from '@grpc/grpc-js'
import {
  HopService,
  LinkRequestSchema,
  LinkResponseSchema,
  type LinkRequest,
  type LinkResponse,
} from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { reasonOf } from '../../lib/errors.ts'
import { MAX_MESSAGE_BYTES } from '../batch.ts'
import type { OpenChannel } from './link.ts'

const linkMethod: grpc.MethodDefinition<LinkRequest, LinkResponse> = {
  path: `/${HopService.typeName}/${HopService.method.link.name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: (request) => Buffer.from(toBinary(LinkRequestSchema, request)),
  requestDeserialize: (bytes) => fromBinary(LinkRequestSchema, bytes),
  responseSerialize: (response) => Buffer.from(toBinary(LinkResponseSchema, response)),
  responseDeserialize: (bytes) => fromBinary(LinkResponseSchema, bytes),
}

export function openWithGrpcJs(host: string): OpenChannel {
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
