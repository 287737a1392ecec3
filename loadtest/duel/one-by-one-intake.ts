// The public intake with one call per event behind it, and no group commit. Arguments: port, event message, partitions,
// link, host:port of the publisher, encoder.
import { create } from '@bufbuild/protobuf'
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { BatchSchema, HopService, RunSchema, type Batch } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { Verdict, type Outcome } from '../../services/hop/batch.ts'
import type { Answer, Intake } from '../../services/hop/intake.ts'
import { createHopMetrics } from '../../services/hop/metrics.ts'
import { createHopHttpSink } from '../../services/hop/sinks/hop-http.ts'
import { createHttpSource } from '../../services/hop/sources/http.ts'
import { loadWasmEncoder } from '../../services/hop/wasm-encoder.ts'
import { reasonOf } from '../../services/lib/errors.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { createPartitioner } from '../../services/lib/partition.ts'
import { joinEvents } from '../../services/lib/wire.ts'
import { listeningAt } from './endpoints.ts'
import { quiet } from '../bench/topics.ts'

const CALL_DEADLINE_MS = 10_000

const [port, event, partitions, link, publisher, encode] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
]

function openGrpc(): (batch: Batch) => Promise<Outcome> {
  const client = createClient(HopService, createGrpcTransport({ baseUrl: `http://${publisher}` }))
  return async (batch) => (await client.append({ batch }, { timeoutMs: CALL_DEADLINE_MS })).outcome!
}
function openHttp(): (batch: Batch) => Promise<Outcome> {
  const sink = createHopHttpSink(listeningAt('hop-http', publisher), quiet)
  return (batch) => sink.write(batch)
}

const call = link === 'grpc' ? openGrpc() : openHttp()
const eventType = loadEventType(event)
const partitionOf = createPartitioner(Number(partitions))

async function hand(bytes: Uint8Array, partition: number): Promise<Answer> {
  const run = create(RunSchema, {
    origin: 'one',
    partition,
    firstSeq: 1n,
    count: 1,
    timeDeltasUs: [0],
    events: joinEvents([bytes]),
  })
  try {
    const { verdict, reason } = await call(create(BatchSchema, { runs: [run] }))
    // The publisher says the id where an outcome has its reason.
    if (verdict === Verdict.STORED) return { status: 202, id: reason }
    return { status: 503, reason, stored: 'unknown' }
  } catch (cause) {
    return { status: 503, reason: reasonOf(cause), stored: 'unknown' }
  }
}

const intake: Intake = {
  origin: 'one',
  queuedBytes: () => 0,
  accept({ bytes, key }, answer) {
    void hand(bytes, partitionOf(key)).then(answer)
    return { cancel: () => undefined }
  },
  close: () => Promise.resolve(),
}
const metrics = createHopMetrics('duel', 'one-by-one')
await createHttpSource(listeningAt('http', `127.0.0.1:${port}`), {
  eventType,
  encodeText: encode === 'wasm' ? await loadWasmEncoder(eventType, quiet) : undefined,
  intake,
  admin: { notReady: () => undefined, metrics: metrics.registry },
  metrics,
})
