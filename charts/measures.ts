// What says in Prometheus how a part does, as PromQL: of what the programs themselves count. Canaries are judged and the
// hypotheses of experiments are tested by these.

/** The Service that the Prometheus operator makes for every Prometheus. */
export const PROMETHEUS = 'http://prometheus-operated.monitoring.svc:9090'

type Program = 'hop' | 'query'

const answers: Record<Program, string> = {
  hop: 'freshet_hop_responses_total',
  query: 'freshet_query_request_seconds_count',
}
const durations: Record<Program, string> = {
  hop: 'freshet_hop_batch_seconds_bucket',
  query: 'freshet_query_request_seconds_bucket',
}

/**
 * The share of requests that were not answered with an error of the server, 0 to 1. Nothing where there were no requests. An
 * intake's 503 says that an event is not stored.
 */
export function successRate(program: Program, labels: string, window: string): string {
  const rate = (more: string) => `sum(rate(${answers[program]}{${labels}${more}}[${window}]))`
  return `1 - (${rate(',status=~"5.."')} or vector(0)) / ${rate('')}`
}

/** The 99th percentile in seconds: of a batch's way to every sink, or of an answer of the read API. */
export function slowest(program: Program, labels: string, window: string): string {
  return `histogram_quantile(0.99, sum by (le) (rate(${durations[program]}{${labels}}[${window}])))`
}

/** The 99th percentile of the age of records when a hop's sinks have them, in seconds. */
export function age(labels: string, window: string): string {
  return `histogram_quantile(0.99, sum by (le) (rate(freshet_hop_freshness_seconds_bucket{${labels}}[${window}])))`
}

/** Records that the hops could not store, and gaps that they stepped over. 0 while nothing is lost. */
export function losses(labels: string, window: string): string {
  const sum = (name: string) => `sum(increase(freshet_hop_${name}_total{${labels}}[${window}]))`
  return `${sum('gaps')} + ${sum('dead_letters')}`
}
