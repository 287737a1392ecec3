// The golden metrics of what clients reach, as Linkerd's proxies count them: success rate, requests a second, latency.
import type { Pipeline } from '../../pipelines/pipeline.ts'
import type { Alert, Pace, Recording } from './rules.ts'

export const mesh = {
  success: 'namespace_deployment:response:success_ratio',
  requests: 'namespace_deployment:response:rate',
  latency: 'namespace_deployment:response_latency_ms:p99',
} as const

const MIN_SUCCESS_RATIO = 0.99
/** Fifty times what an intake takes under load (`make demo`), and well below its clients' deadline. */
const MAX_LATENCY_MS = 500

/** The Deployments that clients reach: intakes, and the query service. */
export function servingPods({ hops }: Pipeline): string[] {
  const intakes = Object.values(hops).flatMap(({ pod, from }) => ('http' in from ? [pod] : []))
  return [...new Set([...intakes, 'query'])].toSorted()
}

export function meshRecords(pipelines: Pipeline[], { window }: Pace): Recording[] {
  return pipelines.flatMap((pipeline) => {
    const pods = servingPods(pipeline).join('|')
    const inbound = `direction="inbound", namespace="${pipeline.namespace}", deployment=~"${pods}"`
    const rate = (metric: string, more = '', by = 'namespace, deployment') =>
      `sum by (${by}) (rate(${metric}{${inbound}${more}}[${window}]))`
    const labels = { pipeline: pipeline.name }
    return [
      { record: mesh.requests, expr: rate('response_total'), labels },
      {
        record: mesh.success,
        expr: `${rate('response_total', ', classification="success"')} / ${rate('response_total')}`,
        labels,
      },
      {
        record: mesh.latency,
        expr: `histogram_quantile(0.99, ${rate('response_latency_ms_bucket', '', 'namespace, deployment, le')})`,
        labels,
      },
    ]
  })
}

export function meshAlerts({ patient }: Pace): Alert[] {
  const the = '{{ $labels.pipeline }}: {{ $labels.deployment }}'
  return [
    {
      alert: 'MeshFailures',
      expr: `${mesh.success} < ${MIN_SUCCESS_RATIO}`,
      for: patient,
      labels: { severity: 'critical' },
      annotations: {
        summary: `${the} fails requests`,
        description: 'Only {{ $value | humanizePercentage }} of the requests succeed.',
      },
    },
    {
      alert: 'MeshLatency',
      expr: `${mesh.latency} > ${MAX_LATENCY_MS}`,
      for: patient,
      labels: { severity: 'warning' },
      annotations: {
        summary: `${the} is slow`,
        description: 'One request in a hundred takes longer than {{ $value | humanize }} ms.',
      },
    },
  ]
}
