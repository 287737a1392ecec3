// The receiving ends of all links in one process; whatever comes is stored at once. Arguments: event message,
// partitions, pipeline, Redis, ports of gRPC, Connect, WebSocket, HTTP and of /readyz.
import * as uWS from 'uWebSockets.js'
import { outcomes, type Deliver } from '../../services/hop/batch.ts'
import { createHopMetrics } from '../../services/hop/metrics.ts'
import { createConnectSource } from '../../services/hop/sources/connect.ts'
import { createGrpcSource } from '../../services/hop/sources/grpc.ts'
import { createHopHttpSource } from '../../services/hop/sources/hop-http.ts'
import { createRedisPubsubSource } from '../../services/hop/sources/redis-pubsub.ts'
import { createRedisStreamSource } from '../../services/hop/sources/redis-stream.ts'
import { createWsSource } from '../../services/hop/sources/ws.ts'
import { addAdminPages, listen } from '../../services/lib/admin.ts'
import { quiet } from '../bench/topics.ts'
import { listeningAt, redisAt } from './endpoints.ts'

const [, partitions, pipeline, redis, grpc, connect, ws, http, admin] = process.argv.slice(2) as string[]
const stored: Deliver = () => Promise.resolve(outcomes.stored())
const ready = () => undefined
const at = (scheme: string, port: string | undefined) => listeningAt(scheme, `127.0.0.1:${port}`)
const metrics = createHopMetrics('duel', 'link-server')

await createGrpcSource(at('grpc', grpc), stored, ready)
await createConnectSource(at('connect', connect), stored, ready)
await createWsSource(at('ws', ws), stored)
await createHopHttpSource(at('hop-http', http), stored)
const reader = { pipeline: pipeline!, partitions: Number(partitions) }
const readers = [
  createRedisPubsubSource(redisAt('redis-pubsub', redis!, pipeline!), 1, stored, quiet, metrics),
  createRedisStreamSource(redisAt('redis-stream', redis!), reader, stored, quiet, metrics),
]
const app = uWS.App()
const notReady = () => readers.map((source) => source.notReady()).find((reason) => reason !== undefined)
addAdminPages(app, { notReady, metrics: metrics.registry })
await listen(app, `127.0.0.1:${admin}`)
