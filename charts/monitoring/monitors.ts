// What Prometheus reads: the hops and the query service of every pipeline, the exporters, and the proxies of the mesh.
import { Chart } from 'cdk8s'
import type { Construct } from 'constructs'
import {
  PodMonitor,
  PrometheusRule,
  PrometheusRuleSpecGroupsRulesExpr as Expression,
  ServiceMonitor,
} from '../../imports/monitoring.coreos.com.ts'
import type { Pipeline } from '../../pipelines/pipeline.ts'
import type { Environment } from '../environment.ts'
import { brokerCluster, brokerNamespace, planPods, type PodPlan } from '../plan.ts'
import { exporterLabel } from './exporters.ts'
import { monitoringNamespace } from './names.ts'
import type { RuleGroup } from './rules.ts'

const interval = '15s'

/** The names of the ports that have `/metrics`. */
function metricPorts(pods: PodPlan[]): string[] {
  const ports = pods.flatMap(({ containers }) =>
    containers.flatMap(({ ports: own, adminPort }) => own.filter(({ number }) => number === adminPort)),
  )
  return [...new Set(ports.map(({ name }) => name))].toSorted()
}

export class Monitors extends Chart {
  constructor(scope: Construct, id: string, pipelines: Pipeline[], environment: Environment) {
    super(scope, id, { namespace: monitoringNamespace, disableResourceNameHashes: true })
    for (const pipeline of pipelines) {
      const { name, namespace } = pipeline
      new PodMonitor(this, `pods-${name}`, {
        metadata: {
          name,
          annotations: { 'freshet.dev/purpose': `metrics of the hops and the query service of ${name}` },
        },
        spec: {
          namespaceSelector: { matchNames: [namespace] },
          selector: { matchLabels: { 'app.kubernetes.io/part-of': name } },
          // Sidecars are init containers, whose ports are found like the others'.
          podMetricsEndpoints: metricPorts(planPods(pipeline, environment)).map((port) => ({
            port,
            interval,
          })),
        },
      })
    }
    for (const { name, namespace } of pipelines) {
      new ServiceMonitor(this, `exporters-${name}`, {
        metadata: {
          name: `${name}-exporters`,
          annotations: { 'freshet.dev/purpose': `metrics of the databases of ${name}` },
        },
        spec: {
          namespaceSelector: { matchNames: [namespace] },
          selector: { matchLabels: { 'app.kubernetes.io/part-of': name, ...exporterLabel } },
          endpoints: [
            { port: 'metrics', interval, relabelings: [{ targetLabel: 'pipeline', replacement: name }] },
          ],
        },
      })
    }
    new PodMonitor(this, 'kafka', {
      metadata: { name: 'kafka', annotations: { 'freshet.dev/purpose': 'metrics of the brokers' } },
      spec: {
        namespaceSelector: { matchNames: [brokerNamespace] },
        selector: { matchLabels: { 'strimzi.io/cluster': brokerCluster, 'strimzi.io/kind': 'Kafka' } },
        podMetricsEndpoints: [{ port: 'tcp-prometheus', interval }],
      },
    })
    new PodMonitor(this, 'mesh', {
      metadata: { name: 'linkerd-proxies', annotations: { 'freshet.dev/purpose': "the mesh's proxies" } },
      spec: {
        namespaceSelector: { matchNames: pipelines.map(({ namespace }) => namespace) },
        selector: {},
        podMetricsEndpoints: [
          {
            port: 'linkerd-admin',
            interval,
            // The names that Linkerd's own dashboards and commands have for them.
            relabelings: [
              {
                sourceLabels: ['__meta_kubernetes_pod_label_linkerd_io_proxy_deployment'],
                targetLabel: 'deployment',
              },
              {
                sourceLabels: ['__meta_kubernetes_pod_label_linkerd_io_proxy_statefulset'],
                targetLabel: 'statefulset',
              },
            ],
          },
        ],
      },
    })
  }
}

export class Rules extends Chart {
  constructor(scope: Construct, id: string, groups: RuleGroup[]) {
    super(scope, id, { namespace: monitoringNamespace, disableResourceNameHashes: true })
    for (const { name, rules } of groups) {
      const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []))
      const purpose = alerts.length > 0 ? `alerts: ${alerts.join(', ')}` : 'what the dashboards read'
      const written = rules.map(({ expr, ...rule }) => ({ ...rule, expr: Expression.fromString(expr) }))
      new PrometheusRule(this, name, {
        metadata: { name, annotations: { 'freshet.dev/purpose': purpose } },
        spec: { groups: [{ name, rules: written }] },
      })
    }
  }
}
