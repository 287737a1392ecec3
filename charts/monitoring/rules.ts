// What Prometheus computes all the time, and when it alarms. Everything follows from the pipelines; nothing here names a
// scenario, and thresholds say what they are for.
import type { Pipeline } from '../../pipelines/pipeline.ts'
import { energyRecords } from './energy.ts'
import { meshAlerts, meshRecords } from './mesh-rules.ts'

export type Recording = { record: string; expr: string; labels?: Record<string, string> }
export type Alert = {
  alert: string
  expr: string
  for: string
  labels: { severity: 'warning' | 'critical' }
  annotations: { summary: string; description: string }
}
export type RuleGroup = { name: string; rules: (Recording | Alert)[] }

/** How long the rules look back and wait. A check on a running pipeline has shorter times. */
export type Pace = {
  /** Over which rates are taken; at least four scrapes. */
  window: string
  /** Within which a counter that grew is alarmed. */
  recent: string
  /** What a store may be behind another one. */
  settle: string
  /** How long something must be so until it alarms: what people should look at now, and what may mend itself. */
  urgent: string
  patient: string
}

/** With a scrape every 15 s. */
export const clusterPace: Pace = { window: '1m', recent: '10m', settle: '1m', urgent: '1m', patient: '5m' }

/** Twice what an intake at 5,000 events/s brings in a second: a reader of the log that is so far behind for minutes is too slow. */
export const MAX_LAG_RECORDS = 10_000
/** A hundred times what the page needs to seem live (`make bench`, row e). */
export const MAX_FRESHNESS_SECONDS = 5
export const MAX_FAILED_RATIO = 0.05
export const MAX_REFUSED_RATIO = 0.01
/** Of the keys that a view takes. */
export const MAX_FILL_RATIO = 0.9

/** The names under which rules and dashboards find what is recorded. */
export const recorded = {
  events: 'pipeline:freshet_events:rate',
  records: 'pipeline_hop:freshet_hop_records:rate',
  freshness: 'pipeline_hop_sink:freshet_hop_freshness_seconds:p99',
  failed: 'pipeline_hop_sink:freshet_hop_failed_attempts:ratio',
  refused: 'pipeline_hop:freshet_hop_refused_responses:ratio',
  missing: 'pipeline_store:freshet_ledger_missing_records:max',
} as const

export function rulesOf(pipelines: Pipeline[], pace: Pace = clusterPace): RuleGroup[] {
  return [
    { name: 'freshet-records', rules: hopRecords(pace) },
    {
      name: 'freshet-alerts',
      rules: [...hopAlerts(pipelines, pace), ...storeAlerts(pace)].filter(({ alert }) =>
        pipelines.some((pipeline) => concerns(alert, pipeline)),
      ),
    },
    { name: 'freshet-mesh', rules: [...meshRecords(pipelines, pace), ...meshAlerts(pace)] },
    { name: 'freshet-energy', rules: energyRecords(pipelines, pace) },
  ]
}

/** Some alerts read series that only some pipelines have. */
function concerns(alert: string, pipeline: Pipeline): boolean {
  if (alert === 'Lag') return pipeline.topic !== undefined
  return alert !== 'RecordsLost' || losesRecords(pipeline)
}

function hopRecords({ window, settle }: Pace): Recording[] {
  const ratio = (metric: string, matching: string, by: string) =>
    `sum by (${by}) (rate(${metric}{${matching}}[${window}])) / sum by (${by}) (rate(${metric}[${window}]))`
  const ledger = (store: string, offset = '') =>
    `max by (pipeline) (freshet_query_ledger_records{store="${store}"}${offset})`
  // What one store had a while ago the other must have by now: true also while events come in.
  const missing = (store: string, other: string): Recording => ({
    record: recorded.missing,
    expr: `clamp_min(${ledger(other, ` offset ${settle}`)} - ${ledger(store)}, 0)`,
    labels: { store },
  })
  return [
    {
      record: recorded.events,
      expr: `sum by (pipeline) (rate(freshet_hop_responses_total{status="202"}[${window}]))`,
    },
    { record: recorded.records, expr: `sum by (pipeline, hop) (rate(freshet_hop_records_total[${window}]))` },
    {
      record: recorded.freshness,
      expr: `histogram_quantile(0.99, sum by (pipeline, hop, sink, le) (rate(freshet_hop_freshness_seconds_bucket[${window}])))`,
    },
    {
      record: recorded.failed,
      expr: ratio('freshet_hop_attempts_total', 'verdict=~"failed|rejected"', 'pipeline, hop, sink'),
    },
    {
      record: recorded.refused,
      expr: ratio('freshet_hop_responses_total', 'status=~"5.."', 'pipeline, hop'),
    },
    missing('redis', 'mongodb'),
    missing('mongodb', 'redis'),
    missing('kafka', 'mongodb'),
  ]
}

function hopAlerts(pipelines: Pipeline[], { urgent, patient, recent }: Pace): Alert[] {
  const absent = pipelines.flatMap(({ name, hops }) =>
    Object.keys(hops).map((hop) => `absent(freshet_hop_ready{pipeline="${name}", hop="${hop}"})`),
  )
  const grew = (metric: string) => `sum by (pipeline, hop) (increase(${metric}[${recent}])) > 0`
  const the = '{{ $labels.pipeline }}: {{ $labels.hop }}'
  return [
    {
      alert: 'HopNotReady',
      expr: ['max by (pipeline, hop) (freshet_hop_ready) == 0', ...absent].join('\nor '),
      for: urgent,
      labels: { severity: 'critical' },
      annotations: {
        summary: `${the} is not ready`,
        description: 'No pod of this hop says that it is ready, or none can be read. Its /readyz says why.',
      },
    },
    {
      alert: 'HopFails',
      expr: `${recorded.failed} > ${MAX_FAILED_RATIO}`,
      for: patient,
      labels: { severity: 'warning' },
      annotations: {
        summary: `${the} fails at {{ $labels.sink }}`,
        description:
          '{{ $value | humanizePercentage }} of the batches are not stored. The hop that owns them tries again; its log says why.',
      },
    },
    {
      alert: 'IntakeRefuses',
      expr: `${recorded.refused} > ${MAX_REFUSED_RATIO}`,
      for: urgent,
      labels: { severity: 'critical' },
      annotations: {
        summary: `${the} refuses events`,
        description:
          '{{ $value | humanizePercentage }} of the events are answered 5xx: the log does not take them in time.',
      },
    },
    {
      alert: 'NotFresh',
      expr: `${recorded.freshness} > ${MAX_FRESHNESS_SECONDS}`,
      for: patient,
      labels: { severity: 'warning' },
      annotations: {
        summary: `${the} writes old events to {{ $labels.sink }}`,
        description:
          'One event in a hundred is older than {{ $value | humanizeDuration }} when it is stored.',
      },
    },
    {
      alert: 'GapInLog',
      expr: grew('freshet_hop_gaps_total'),
      for: '0s',
      labels: { severity: 'critical' },
      annotations: {
        summary: `${the} met a gap in the log`,
        description: 'Events that an intake numbered are not in the log. `make audit` names them.',
      },
    },
    {
      alert: 'DeadLetters',
      expr: grew('freshet_hop_dead_letters_total'),
      for: '0s',
      labels: { severity: 'warning' },
      annotations: {
        summary: `${the} sends dead letters`,
        description:
          'The dead letter topic has {{ $value | humanize }} new records, each with its reason and position.',
      },
    },
    {
      alert: 'RecordsLost',
      expr: grew('freshet_hop_dropped_records_total'),
      for: '0s',
      labels: { severity: 'critical' },
      annotations: {
        summary: `${the} loses records`,
        description:
          'A channel brought {{ $value | humanize }} records that could not be kept; the reason is in the label of the counter.',
      },
    },
    {
      alert: 'OtherCounted',
      expr: grew('freshet_hop_other_records_total'),
      for: '0s',
      labels: { severity: 'warning' },
      annotations: {
        summary: `${the}: a live view is full`,
        description:
          '{{ $value | humanize }} events counted under (other): their keys are invented, or max_keys is too small.',
      },
    },
  ]
}

/** Whether a hop reads from a channel or stream of Redis: only those have records to lose, and series that count them. */
export function losesRecords({ hops }: Pipeline): boolean {
  return Object.values(hops).some(({ from }) => 'redis-pubsub' in from || 'redis-stream' in from)
}

function storeAlerts({ urgent, patient }: Pace): Alert[] {
  return [
    {
      alert: 'StoreAway',
      expr: 'max by (pipeline, store) (freshet_query_store_up) == 0',
      for: urgent,
      labels: { severity: 'critical' },
      annotations: {
        summary: '{{ $labels.pipeline }}: {{ $labels.store }} does not answer',
        description: 'The query service gets no answer from it.',
      },
    },
    {
      alert: 'Lag',
      expr: `max by (pipeline, group) (freshet_query_lag_records) > ${MAX_LAG_RECORDS}`,
      for: patient,
      labels: { severity: 'warning' },
      annotations: {
        summary: '{{ $labels.pipeline }}: {{ $labels.group }} lags',
        description: 'The consumer group has {{ $value | humanize }} records of the log before it.',
      },
    },
    {
      alert: 'LedgerOutOfBalance',
      expr: `${recorded.missing} > 0`,
      for: patient,
      labels: { severity: 'critical' },
      annotations: {
        summary: '{{ $labels.pipeline }}: {{ $labels.store }} lacks events',
        description:
          'It lacks {{ $value | humanize }} events that another store has had for a while. `make audit` names them.',
      },
    },
    {
      alert: 'ViewFills',
      expr: `max by (pipeline, view) (freshet_query_view_keys / freshet_query_view_max_keys) > ${MAX_FILL_RATIO}`,
      for: urgent,
      labels: { severity: 'warning' },
      annotations: {
        summary: '{{ $labels.pipeline }}: {{ $labels.view }} is nearly full',
        description:
          '{{ $value | humanizePercentage }} of max_keys are used; what is beyond counts under (other).',
      },
    },
  ]
}
