// What the servers of unary calls share: one batch, one outcome; and grpc.health.v1.
import { create } from '@bufbuild/protobuf'
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import {
  AppendResponseSchema,
  type AppendRequest,
  type AppendResponse,
} from '../../../proto/gen/freshet/v1/hop_pb.ts'
import {
  Health,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../../proto/gen/grpc/health/v1/health_pb.ts'
import type { Deliver } from '../batch.ts'
import { mistakeOf } from './link.ts'

const WATCH_MS = 1_000

/** Hands one batch on. Throws InvalidArgument when it can never pass. */
export async function append({ batch }: AppendRequest, deliver: Deliver): Promise<AppendResponse> {
  if (!batch) throw new ConnectError('batch: is missing', Code.InvalidArgument)
  const mistake = mistakeOf(batch)
  if (mistake) throw new ConnectError(`batch: ${mistake}`, Code.InvalidArgument)
  return create(AppendResponseSchema, { outcome: await deliver(batch) })
}

/** Serves grpc.health.v1: SERVING while `notReady` has no reason. */
export function addHealth(router: ConnectRouter, notReady: () => string | undefined): void {
  const serving = () => (notReady() === undefined ? Serving.SERVING : Serving.NOT_SERVING)
  router.service(Health, {
    check: () => create(HealthCheckResponseSchema, { status: serving() }),
    async *watch(_request, { signal }) {
      let last: Serving | undefined
      while (!signal.aborted) {
        const status = serving()
        if (status !== last) yield create(HealthCheckResponseSchema, { status })
        last = status
        await new Promise((resolve) => setTimeout(resolve, WATCH_MS).unref())
      }
    },
  })
}
