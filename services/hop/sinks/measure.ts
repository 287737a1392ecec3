// What is counted for each sink, whatever it is: a few numbers a batch.
import { Verdict, type Batch, type Sink } from '../batch.ts'
import { kindOf, type HopMetrics } from '../metrics.ts'

const verdicts = [
  [Verdict.STORED, 'stored'],
  [Verdict.FAILED, 'failed'],
  [Verdict.REJECTED, 'rejected'],
  [Verdict.REFUSED_GAP, 'gap'],
  [Verdict.REFUSED_BEHIND, 'behind'],
] as const

/** The same sink, whose writes are counted. `by` is the option that names it. */
export function measureSink(sink: Sink, by: 'to' | 'then', metrics: HopMetrics): Sink {
  const kind = kindOf(sink)
  const labels = { sink: kind, by }
  const inFlight = metrics.inFlightBatches.labels(labels)
  const freshness = metrics.freshnessSeconds.labels(labels)
  const attempts = new Map(
    verdicts.map(([verdict, word]) => [
      verdict as Verdict,
      metrics.attempts.labels({ ...labels, verdict: word }),
    ]),
  )
  // Whoever compares two readings must find the first failure: a series begins at 0.
  inFlight.set(0)
  metrics.freshnessSeconds.zero(labels)
  for (const attempt of attempts.values()) attempt.inc(0)
  metrics[by === 'to' ? 'retries' : 'fastPathDropped'].inc({ sink: kind }, 0)
  return {
    ...sink,
    async write(batch) {
      let verdict: Verdict = Verdict.FAILED
      inFlight.inc()
      try {
        const outcome = await sink.write(batch)
        verdict = outcome.verdict
        return outcome
      } finally {
        inFlight.dec()
        attempts.get(verdict === Verdict.UNSPECIFIED ? Verdict.FAILED : verdict)!.inc()
        if (verdict === Verdict.STORED && batch.runs.length > 0) freshness.observe(oldestAgeSeconds(batch))
      }
    },
  }
}

function oldestAgeSeconds({ runs }: Batch): number {
  let oldestUs = runs[0]!.firstTimeUs
  for (const { firstTimeUs } of runs) if (firstTimeUs < oldestUs) oldestUs = firstTimeUs
  return Math.max(0, Date.now() - Number(oldestUs / 1_000n)) / 1_000
}
