// What a hop counts. One scheme for all: freshet_hop_*, with the constant labels pipeline and hop.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type HopMetrics = ReturnType<typeof createHopMetrics>

export function createHopMetrics(pipeline: string, hop: string) {
  const registry = new Registry()
  registry.setDefaultLabels({ pipeline, hop })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    records: new Counter({
      name: 'freshet_hop_records_total',
      help: 'Records that every sink has.',
      registers,
    }),
    bytes: new Counter({
      name: 'freshet_hop_bytes_total',
      help: 'Bytes of events that every sink has.',
      registers,
    }),
    batches: new Counter({
      name: 'freshet_hop_batches_total',
      help: 'Batches that every sink has.',
      registers,
    }),
    batchRecords: new Histogram({
      name: 'freshet_hop_batch_records',
      help: 'Records in a batch.',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000],
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'freshet_hop_batch_seconds',
      help: 'Time from sending a batch until every sink has it.',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
      registers,
    }),
    queueBytes: new Gauge({ name: 'freshet_hop_queue_bytes', help: 'Bytes queued or in flight.', registers }),
    responses: new Counter({
      name: 'freshet_hop_responses_total',
      help: 'Events answered to clients, by status.',
      labelNames: ['status'],
      registers,
    }),
    retries: new Counter({
      name: 'freshet_hop_retries_total',
      help: 'Attempts at a sink that failed and were repeated.',
      labelNames: ['sink'],
      registers,
    }),
    fastPathDropped: new Counter({
      name: 'freshet_hop_fast_path_dropped_records_total',
      help: 'Records that the fast path left to the repair hop.',
      labelNames: ['sink'],
      registers,
    }),
    dropped: new Counter({
      name: 'freshet_hop_dropped_records_total',
      help: 'Records that a channel brought and that are lost, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    fenceSkips: new Counter({
      name: 'freshet_hop_fence_skipped_records_total',
      help: 'Records that the view already had.',
      registers,
    }),
    gaps: new Counter({
      name: 'freshet_hop_gaps_total',
      help: 'Gaps in the log that were stepped over.',
      registers,
    }),
    refusals: new Counter({
      name: 'freshet_hop_refusals_total',
      help: 'Batches that the view refused, by reason (gap, behind).',
      labelNames: ['reason'],
      registers,
    }),
    others: new Counter({
      name: 'freshet_hop_other_records_total',
      help: 'Counts that went to (other), because a view had reached its max_keys.',
      registers,
    }),
    invalid: new Counter({
      name: 'freshet_hop_invalid_records_total',
      help: 'Records that the view could not read and left out.',
      registers,
    }),
    deadLetters: new Counter({
      name: 'freshet_hop_dead_letters_total',
      help: 'Records sent to the dead letter topic.',
      registers,
    }),
    freshnessSeconds: new Histogram({
      name: 'freshet_hop_freshness_seconds',
      help: 'Age of the newest record of a batch when every sink has it.',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60],
      registers,
    }),
  }
}
