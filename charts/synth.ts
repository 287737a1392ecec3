// All manifests of an environment, as files of objects.
import { App, type Chart } from 'cdk8s'
import { pipelines } from '../pipelines/all.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { Broker, Topics } from './broker.ts'
import type { Environment } from './environment.ts'
import { Intake } from './intake.ts'
import { Exporter } from './monitoring/exporters.ts'
import { Dashboards, DataSources } from './monitoring/grafana.ts'
import { Monitors, Rules } from './monitoring/monitors.ts'
import { monitoringNamespace } from './monitoring/names.ts'
import { rulesOf } from './monitoring/rules.ts'
import { Namespace } from './namespace.ts'
import { databasesOf, edgesOf, Network } from './network.ts'
import { brokerNamespace, brokerPort, planPods } from './plan.ts'
import { databasesNamespace, Secrets } from './secrets.ts'
import { Store } from './stores.ts'
import { usesKafka, Workload } from './workload.ts'
import type { Manifest } from './manifest.ts'

/** By path below `dist/<environment>/`. */
export type Files = Map<string, Manifest[]>

/**
 * Builds what an environment needs: a folder for what the pipelines share, and one for each of them. In the order of
 * their names nothing comes before its namespace, so one `kubectl apply -R` does.
 */
export function buildEnvironment(environment: Environment, of: Pipeline[] = pipelines): Files {
  const files: Files = new Map()
  const add = (path: string, ...charts: Chart[]) =>
    files.set(
      `${path}.yaml`,
      charts.flatMap((chart) => chart.toJson() as Manifest[]),
    )
  const app = new App()
  const withTopic = of.filter((pipeline): pipeline is Pipeline & { topic: object } => Boolean(pipeline.topic))
  const clients = withTopic.map(({ namespace }) => namespace)
  // Strimzi makes the policies of the broker's namespace.
  add('00-base/00-kafka-namespace', new Namespace(app, 'kafka-namespace', brokerNamespace, { closed: false }))
  add('00-base/kafka', new Broker(app, 'kafka', environment, clients))
  for (const pipeline of withTopic)
    add(`00-base/topics-${pipeline.name}`, new Topics(app, `topics-${pipeline.name}`, environment, pipeline))
  if (!environment.stores.inside)
    add(
      '00-base/00-databases-namespace',
      new Namespace(app, 'databases-namespace', databasesNamespace, { closed: true }),
    )
  for (const pipeline of of) addPipeline(pipeline, environment, app, add)
  addMonitoring(of, environment, app, add)
  return files
}

/** What asks Prometheus' operator and Grafana for something; the exporters are beside the databases. */
function addMonitoring(of: Pipeline[], environment: Environment, app: App, add: Add): void {
  const folder = 'monitoring'
  const namespace = new Namespace(app, 'monitoring-namespace', monitoringNamespace, { closed: false })
  add(`${folder}/00-namespace`, namespace)
  add(`${folder}/monitors`, new Monitors(app, 'monitors', of))
  add(`${folder}/rules`, new Rules(app, 'rules', rulesOf(of)))
  add(`${folder}/dashboards`, new Dashboards(app, 'dashboards', of))
  add(`${folder}/data-sources`, new DataSources(app, 'data-sources', of, environment))
}

type Add = (path: string, ...charts: Chart[]) => void

function addPipeline(pipeline: Pipeline, environment: Environment, app: App, add: Add): void {
  const { name, namespace } = pipeline
  const pods = planPods(pipeline, environment)
  const edges = edgesOf(pods, brokerPort(environment))
  add(`${name}/00-namespace`, new Namespace(app, `${name}-namespace`, namespace, { closed: true }))
  if (environment.stores.inside) {
    const { volume } = environment.stores
    for (const store of databasesOf(edges))
      add(
        `${name}/${store}`,
        new Store(app, `${name}-${store}`, { name: store, pipeline: name, namespace, volume }),
      )
  } else {
    const kafka = pods.some(({ containers }) => containers.some(usesKafka))
    add(`${name}/secrets`, new Secrets(app, `${name}-secrets`, name, namespace, kafka))
  }
  const exporters = databasesOf(edges).map((database) => {
    const props = { database, pipeline: name, namespace, environment }
    return new Exporter(app, `${name}-${database}-exporter`, props)
  })
  add(`${name}/exporters`, ...exporters)
  for (const pod of pods) {
    const workload = new Workload(app, `${name}-${pod.name}`, pod, environment)
    const intakes = pod.services.flatMap(({ name: service, ingress }) => {
      if (!ingress) return []
      const host = environment.hostOf(service, name)
      const props = { namespace, service: workload.services[service]!, host, word: ingress }
      return [new Intake(app, `${name}-${service}-intake`, props)]
    })
    add(`${name}/${pod.name}`, workload, ...intakes)
  }
  add(
    `${name}/network`,
    new Network(app, `${name}-network`, { pipeline: name, namespace, pods, edges, environment }),
  )
}
