// What a hop counts. One scheme for all: freshet_hop_*, with the constant labels pipeline and hop; what is counted for
// a sink has its kind (the scheme of its URL) and the option that names it (`to` or `then`). docs/metrics.md lists them.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type HopMetrics = ReturnType<typeof createHopMetrics>

/** The label `sink`: addresses would make a new series with every move. */
export function kindOf({ url }: { url: string }): string {
  return url.slice(0, url.indexOf(':'))
}

/** Its observers and timers cannot be stopped, and a test starts many hops in one process. */
let processIsMeasured = false

export function createHopMetrics(pipeline: string, hop: string) {
  const registry = new Registry()
  registry.setDefaultLabels({ pipeline, hop })
  if (!processIsMeasured) collectDefaultMetrics({ register: registry })
  processIsMeasured = true
  const registers = [registry]
  const queues: { queue: string; bytes: () => number }[] = []
  const answered = new Map<number, number>()
  let notReady: () => string | undefined = () => 'starting'
  return {
    registry,
    /** The queue's size is asked when somebody reads the page; queues of one name are added up. */
    watchQueue(queue: string, bytes: () => number) {
      queues.push({ queue, bytes })
    },
    watchReady(ask: typeof notReady) {
      notReady = ask
    },
    /** Called for each event, so it only adds to a number. */
    countResponse(status: number, count = 1) {
      answered.set(status, (answered.get(status) ?? 0) + count)
    },
    ready: new Gauge({
      name: 'freshet_hop_ready',
      help: '1 when readiness says yes, else 0.',
      registers,
      collect() {
        this.set(notReady() === undefined ? 1 : 0)
      },
    }),
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
    inFlightBatches: new Gauge({
      name: 'freshet_hop_in_flight_batches',
      help: 'Batches that a sink has been sent and has not answered.',
      labelNames: ['sink', 'by'],
      registers,
    }),
    attempts: new Counter({
      name: 'freshet_hop_attempts_total',
      help: 'Answers of a sink to batches, by verdict (stored, failed, rejected, gap, behind).',
      labelNames: ['sink', 'by', 'verdict'],
      registers,
    }),
    queueBytes: new Gauge({
      name: 'freshet_hop_queue_bytes',
      help: 'Bytes queued or in flight, by queue (intake, links, then, channel).',
      labelNames: ['queue'],
      registers,
      collect() {
        this.reset()
        for (const { queue, bytes } of queues) this.inc({ queue }, bytes())
      },
    }),
    responses: new Counter({
      name: 'freshet_hop_responses_total',
      help: 'Events answered to clients, by status.',
      labelNames: ['status'],
      registers,
      collect() {
        for (const [status, count] of answered) this.inc({ status: String(status) }, count)
        for (const status of answered.keys()) answered.set(status, 0)
      },
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
      help: 'Age of the oldest record of a batch, since its intake took it, when a sink has it.',
      labelNames: ['sink', 'by'],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
      registers,
    }),
  }
}
