// A pipeline's graph as Grafana's node graph draws it: queries whose columns are nodes and edges.
import { PanelBuilder as NodeGraph } from '@grafana/grafana-foundation-sdk/nodegraph'
import type { From, Pipeline, Target } from '../../../pipelines/pipeline.ts'
import { promQuery, prometheus, RATE } from './panels.ts'

export function graphPanel(pipeline: Pipeline): NodeGraph {
  const rename = { Value: 'mainstat', 'Value #A': 'mainstat', 'Value #B': 'mainstat' }
  return new NodeGraph()
    .title('graph')
    .description('Hops with records a second, stores with records; on each edge, batches a second.')
    .datasource(prometheus)
    .targets(
      [nodesQuery(pipeline), edgesQuery(pipeline)].map((expr, index) => promQuery({ expr }, index, true)),
    )
    .withTransformation({ id: 'organize', options: { renameByName: rename } })
    .span(24)
    .height(12)
}

const labelled = (expr: string, label: string, value: string) =>
  `label_replace(${expr}, "${label}", "${value}", "", "")`
const copied = (expr: string, from: string, to: string) =>
  `label_replace(${expr}, "${to}", "$1", "${from}", "(.+)")`

function nodesQuery({ name }: Pipeline): string {
  const hops = `sum by (hop) (rate(freshet_hop_records_total{pipeline="${name}"}${RATE}))`
  const stores = `max by (store) (freshet_query_ledger_records{pipeline="${name}"})`
  const node = (expr: string, label: string, subtitle: string) =>
    labelled(copied(copied(expr, label, 'id'), label, 'title'), 'subtitle', subtitle)
  return `${node(hops, 'hop', 'records/s')}\nor ${node(stores, 'store', 'records')}`
}

type Edge = { source: string; target: string; expr: string }

function edgesQuery(pipeline: Pipeline): string {
  return edgesOf(pipeline)
    .map(({ source, target, expr }) =>
      labelled(labelled(labelled(expr, 'id', `${source} to ${target}`), 'source', source), 'target', target),
    )
    .join('\nor ')
}

function edgesOf({ name, hops }: Pipeline): Edge[] {
  return Object.entries(hops).flatMap(([hop, { from, to, fastPaths = [] }]) => {
    const own = `pipeline="${name}", hop="${hop}"`
    const log = 'group' in from ? 'kafka' : 'log' in from ? from.log : undefined
    const reads =
      log === undefined
        ? []
        : [{ source: log, target: hop, expr: `sum(rate(freshet_hop_batches_total{${own}}${RATE}))` }]
    const writes = (targets: Target[], by: 'to' | 'then') =>
      targets.map((target) => {
        const sink = 'hop' in target ? schemeOf(hops[target.hop]!.from) : target.store
        const matching = `${own}, sink="${sink}", by="${by}", verdict="stored"`
        const expr = `sum(rate(freshet_hop_attempts_total{${matching}}${RATE}))`
        return { source: hop, target: 'hop' in target ? target.hop : target.store, expr }
      })
    return [...reads, ...writes(to, 'to'), ...writes(fastPaths, 'then')]
  })
}

/** The first word of what a hop listens on is the scheme of those that send to it. */
function schemeOf(from: From): string {
  return Object.keys(from)[0]!
}
