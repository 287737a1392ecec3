// One pipeline at a glance: its graph, what each store has, and what each hop does.
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Pipeline } from '../../../pipelines/pipeline.ts'
import { losesRecords, recorded } from '../rules.ts'
import { graphPanel } from './graph.ts'
import { dashboardOf, figure, lines, RATE, type AnyPanel } from './panels.ts'

export function pipelineDashboard(pipeline: Pipeline): DashboardBuilder {
  const { name, topic } = pipeline
  const own = `pipeline="${name}"`
  return dashboardOf(`freshet-${name}`, `${name}: pipeline`, [
    ['Overview', [...figures(own, topic !== undefined), graphPanel(pipeline)]],
    ['Intake', intakePanels(own)],
    ['Hops', hopPanels(own)],
    ['What should not happen', troublePanels(own, losesRecords(pipeline))],
    ['Views and page', queryPanels(own, topic !== undefined)],
    ['Processes', processPanels(own)],
  ])
}

function figures(own: string, kafka: boolean): AnyPanel[] {
  const ledger = (store: string) =>
    figure(`in ${store}`, 'short', `Records of ${store}, from the ledger.`, {
      expr: `max(freshet_query_ledger_records{${own}, store="${store}"})`,
    })
  return [
    figure('accepted', 'ops', 'Events that were answered 202, a second.', {
      expr: `${recorded.events}{${own}}`,
    }),
    figure('freshness', 's', 'Of 100 events 99 are stored at the slowest sink within.', {
      expr: `max(${recorded.freshness}{${own}})`,
    }),
    ...(kafka ? [ledger('kafka')] : []),
    ledger('mongodb'),
    ledger('redis'),
    figure('missing', 'short', 'What a store lacks that another one has had for a while.', {
      expr: `max(${recorded.missing}{${own}})`,
    }),
  ]
}

const byHop = (metric: string, own: string) => `sum by (hop) (rate(${metric}{${own}}${RATE}))`
const hop = '{{hop}}'

function intakePanels(own: string): AnyPanel[] {
  const status = {
    expr: `sum by (hop, status) (rate(freshet_hop_responses_total{${own}}${RATE}))`,
    legend: '{{hop}} {{status}}',
  }
  return [
    lines('answers', 'ops', 'Events answered to clients, by status.', status),
    lines('refused', 'percentunit', 'Of the events those that are answered 5xx.', {
      expr: `${recorded.refused}{${own}}`,
      legend: hop,
    }),
    lines('queues', 'bytes', 'Queued and in flight.', {
      expr: `sum by (hop, queue) (freshet_hop_queue_bytes{${own}})`,
      legend: '{{hop}} {{queue}}',
    }),
  ]
}

function hopPanels(own: string): AnyPanel[] {
  const sink = '{{hop}} → {{sink}}'
  const p99 = `histogram_quantile(0.99, sum by (hop, le) (rate(freshet_hop_batch_seconds_bucket{${own}}${RATE})))`
  const median = `histogram_quantile(0.5, sum by (hop, le) (rate(freshet_hop_batch_records_bucket{${own}}${RATE})))`
  return [
    lines('records', 'ops', 'That every sink has, a second.', {
      expr: byHop('freshet_hop_records_total', own),
      legend: hop,
    }),
    lines('bytes', 'bytes', 'Of events, a second.', {
      expr: byHop('freshet_hop_bytes_total', own),
      legend: hop,
    }),
    lines('batches', 'ops', 'That every sink has, a second.', {
      expr: byHop('freshet_hop_batches_total', own),
      legend: hop,
    }),
    lines('batch size', 'short', 'The median.', { expr: median, legend: hop }),
    lines('batch time, p99', 's', 'From sending a batch until every sink has it.', {
      expr: p99,
      legend: hop,
    }),
    lines('in flight', 'short', 'Batches that are not answered.', {
      expr: `sum by (hop, sink) (freshet_hop_in_flight_batches{${own}})`,
      legend: sink,
    }),
    lines('freshness, p99', 's', 'Age of events when a sink has them.', {
      expr: `${recorded.freshness}{${own}}`,
      legend: sink,
    }),
    lines('fence skips', 'ops', 'Records that the view already had: what the fast path brought first.', {
      expr: byHop('freshet_hop_fence_skipped_records_total', own),
      legend: hop,
    }),
    lines('ready', 'short', '1 when readiness says yes.', {
      expr: `min by (hop) (freshet_hop_ready{${own}})`,
      legend: hop,
    }),
  ]
}

function troublePanels(own: string, loses: boolean): AnyPanel[] {
  const perHop = (title: string, name: string, description: string) =>
    lines(title, 'ops', description, { expr: byHop(`freshet_hop_${name}_total`, own), legend: hop })
  return [
    lines('failed', 'percentunit', 'Of the batches those that a sink did not store.', {
      expr: `${recorded.failed}{${own}}`,
      legend: '{{hop}} → {{sink}}',
    }),
    perHop('retries', 'retries', 'Attempts that failed and were repeated.'),
    perHop('gaps', 'gaps', 'In the log, stepped over.'),
    perHop('dead letters', 'dead_letters', 'Records that will never pass.'),
    perHop('invalid', 'invalid_records', 'Records that a view could not read.'),
    perHop('(other)', 'other_records', 'Counts beyond max_keys.'),
    ...(loses
      ? [perHop('lost', 'dropped_records', 'Records that a channel brought and that are lost.')]
      : []),
  ]
}

function queryPanels(own: string, kafka: boolean): AnyPanel[] {
  const seconds = `freshet_query_request_seconds`
  const lag = { expr: `max by (group) (freshet_query_lag_records{${own}})`, legend: '{{group}}' }
  return [
    ...(kafka ? [lines('lag', 'short', 'Records that a consumer group has before it.', lag)] : []),
    lines('view fill', 'percentunit', 'Of max_keys.', {
      expr: `max by (view) (freshet_query_view_keys{${own}} / freshet_query_view_max_keys{${own}})`,
      legend: '{{view}}',
    }),
    lines('stores answer', 'short', '1 when the last call was answered.', {
      expr: `max by (store) (freshet_query_store_up{${own}})`,
      legend: '{{store}}',
    }),
    lines('requests', 'reqps', 'To the query service.', {
      expr: `sum by (route, status) (rate(${seconds}_count{${own}}${RATE}))`,
      legend: '{{route}} {{status}}',
    }),
    lines('request time, p99', 's', 'Of the query service.', {
      expr: `histogram_quantile(0.99, sum by (route, le) (rate(${seconds}_bucket{${own}}${RATE})))`,
      legend: '{{route}}',
    }),
    lines('watchers', 'short', 'Open live WebSockets.', {
      expr: `sum(freshet_query_watchers{${own}})`,
      legend: 'watchers',
    }),
  ]
}

function processPanels(own: string): AnyPanel[] {
  return [
    lines('CPU', 'short', 'Cores.', { expr: byHop('process_cpu_seconds_total', own), legend: hop }),
    lines('memory', 'bytes', 'Resident.', {
      expr: `max by (hop) (process_resident_memory_bytes{${own}})`,
      legend: hop,
    }),
    lines('event loop, p99', 's', 'How late its turns come.', {
      expr: `max by (hop) (nodejs_eventloop_lag_p99_seconds{${own}})`,
      legend: hop,
    }),
  ]
}
