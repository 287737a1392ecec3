// The sending ends of all links in one process, and batches encoded before. POST /run sends them over a link, one after
// the other. Arguments: as link-server.ts, with the port of this page, and a file of rows.
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { HopService } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { Verdict, type Batch, type Outcome } from '../../services/hop/batch.ts'
import { createConnectSink } from '../../services/hop/sinks/connect.ts'
import { createGrpcSink } from '../../services/hop/sinks/grpc.ts'
import { createHopHttpSink } from '../../services/hop/sinks/hop-http.ts'
import { createRedisPubsubSink } from '../../services/hop/sinks/redis-pubsub.ts'
import { createRedisStreamSink } from '../../services/hop/sinks/redis-stream.ts'
import { createWsSink } from '../../services/hop/sinks/ws.ts'
import { reasonOf } from '../../services/lib/errors.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { batchOf, createOrigin, makeTemplates } from '../bench/batches.ts'
import { quiet } from '../bench/topics.ts'
import { readRows } from '../data-file.ts'
import { listeningAt, redisAt } from './endpoints.ts'
import { BATCH_SIZES, type LinkName, type LinkOrder, type LinkResult } from './links.ts'

const [event, partitions, pipeline, redis, grpc, connect, ws, http, port, rowsFile] = process.argv.slice(
  2,
) as string[]
/** Different batches of each size, so that no cache knows the bytes by heart. */
const TEMPLATES = 20

const at = (scheme: string, to: string | undefined) => listeningAt(scheme, `127.0.0.1:${to}`)
const unary = createClient(HopService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${grpc}` }))
const grpcJs = { ...at('grpc', grpc), parameters: new Map([['client', 'grpc-js']]) }
const sinks = {
  grpc: await createGrpcSink(at('grpc', grpc), quiet),
  'grpc-js': await createGrpcSink(grpcJs, quiet),
  connect: createConnectSink(at('connect', connect), quiet),
  ws: createWsSink(at('ws', ws), quiet),
  'hop-http': createHopHttpSink(at('hop-http', http), quiet),
  'redis-pubsub': createRedisPubsubSink(redisAt('redis-pubsub', redis!, pipeline!), quiet),
  'redis-stream': createRedisStreamSink(redisAt('redis-stream', redis!), pipeline!, quiet),
}

async function write(link: LinkName, batch: Batch): Promise<Outcome> {
  return link === 'grpc-unary' ? (await unary.append({ batch })).outcome! : sinks[link].write(batch)
}

const rows = await readRows(rowsFile!)
const eventType = loadEventType(event!)
const templates = new Map(
  BATCH_SIZES.map((records) => [
    records as number,
    makeTemplates(rows, eventType, Number(partitions), records, TEMPLATES),
  ]),
)
const origin = createOrigin('links')

async function run({ link, records, ms }: LinkOrder): Promise<LinkResult> {
  const own = templates.get(records)!
  const startedAt = performance.now()
  let batches = 0
  for (; performance.now() - startedAt < ms; batches++) {
    const { verdict, reason } = await write(link, batchOf(own[batches % TEMPLATES]!, origin))
    if (verdict !== Verdict.STORED) throw new Error(`a batch was not stored: ${reason}`)
  }
  return { batches, seconds: (performance.now() - startedAt) / 1_000 }
}

const notReady = () =>
  Object.values(sinks)
    .map((sink) => sink.notReady())
    .find((reason) => reason !== undefined)
createServer((request, response) => {
  const answer = (status: number, body: string) => response.writeHead(status).end(body)
  if (request.url === '/readyz') return answer(notReady() === undefined ? 200 : 503, notReady() ?? 'ready')
  text(request)
    .then(async (body) => answer(200, JSON.stringify(await run(JSON.parse(body) as LinkOrder))))
    .catch((cause: unknown) => answer(500, reasonOf(cause)))
  return undefined
}).listen(Number(port), '127.0.0.1')
