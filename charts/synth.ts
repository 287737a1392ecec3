// All manifests of an environment, as files of objects.
import { App, type Chart } from 'cdk8s'
import { pipelines } from '../pipelines/all.ts'
import type { Ingress, Pipeline } from '../pipelines/pipeline.ts'
import { Broker, Topics } from './broker.ts'
import { Analysis, isRollout, Split } from './delivery.ts'
import { has, type Environment } from './environment.ts'
import { GatewayController, Intake } from './intake.ts'
import { multiclusterNamespace } from './linkerd.ts'
import { ClusterLink, Mesh, Reads } from './mesh.ts'
import { Exporter } from './monitoring/exporters.ts'
import { Dashboards, DataSources } from './monitoring/grafana.ts'
import { Monitors, Rules } from './monitoring/monitors.ts'
import { monitoringNamespace } from './monitoring/names.ts'
import { rulesOf } from './monitoring/rules.ts'
import { Namespace } from './namespace.ts'
import { databasesOf, edgesOf, Network } from './network.ts'
import { brokerNamespace, planPods } from './plan.ts'
import { kedaNamespace } from './scaling.ts'
import { databasesNamespace, Secrets } from './secrets.ts'
import { Store } from './stores.ts'
import { Workload } from './workload.ts'
import type { Manifest } from './manifest.ts'
import { withWave } from './waves.ts'

/** By path below `dist/<environment>/`. */
export type Files = Map<string, Manifest[]>

/**
 * Builds what an environment needs: a folder for what the pipelines share, and one for each of them. In the order of
 * their names nothing comes before its namespace, so one `kubectl apply -R` does.
 */
export function buildEnvironment(environment: Environment, all: Pipeline[] = pipelines): Files {
  const files: Files = new Map()
  const of = pipelinesOf(environment, all)
  const add = (path: string, ...charts: Chart[]) =>
    files.set(
      `${path}.yaml`,
      charts.flatMap((chart) => (chart.toJson() as Manifest[]).map(withWave)),
    )
  const app = new App()
  const withTopic = of.filter((pipeline): pipeline is Pipeline & { topic: object } => Boolean(pipeline.topic))
  if (environment.cluster?.part !== 'second' && withTopic.length > 0) {
    const clients = withTopic.map(({ namespace }) => namespace)
    if (has(environment, 'keda')) clients.push(kedaNamespace)
    // Strimzi makes the policies of the broker's namespace.
    add(
      '00-base/00-kafka-namespace',
      new Namespace(app, 'kafka-namespace', brokerNamespace, { closed: false }),
    )
    add('00-base/kafka', new Broker(app, 'kafka', environment, clients))
    for (const pipeline of withTopic)
      add(
        `00-base/topics-${pipeline.name}`,
        new Topics(app, `topics-${pipeline.name}`, environment, pipeline),
      )
  }
  if (ingressesOf(of).has('gateway'))
    add('00-base/gateway-class', new GatewayController(app, 'gateway-class'))
  if (environment.cluster)
    add(
      '00-base/00-multicluster-namespace',
      new Namespace(app, 'multicluster-namespace', multiclusterNamespace, { closed: false }),
    )
  // Those who send link to those who export.
  if (environment.cluster?.part === 'first')
    add('00-base/link', new ClusterLink(app, 'link', environment.cluster))
  if (!environment.stores.inside)
    add(
      '00-base/00-databases-namespace',
      new Namespace(app, 'databases-namespace', databasesNamespace, { closed: true }),
    )
  for (const pipeline of of) addPipeline(pipeline, environment, app, add)
  addMonitoring(of, environment, app, add)
  return files
}

/** The pipelines that an environment has. */
export function pipelinesOf({ cluster }: Environment, all: Pipeline[] = pipelines): Pipeline[] {
  return cluster ? all.filter(({ secondCluster }) => secondCluster) : all
}

/** The words of the intakes and pages, which say which controllers an environment needs. */
export function ingressesOf(of: Pipeline[]): Set<Ingress> {
  return new Set(
    of.flatMap(({ hops, query }) => [query, ...Object.values(hops)].flatMap(({ ingress }) => ingress ?? [])),
  )
}

/** What asks Prometheus' operator and Grafana for something; the exporters are beside the databases. */
function addMonitoring(of: Pipeline[], environment: Environment, app: App, add: Add): void {
  const folder = 'monitoring'
  const namespace = new Namespace(app, 'monitoring-namespace', monitoringNamespace, { closed: false })
  add(`${folder}/00-namespace`, namespace)
  add(`${folder}/monitors`, new Monitors(app, 'monitors', of, environment))
  add(`${folder}/rules`, new Rules(app, 'rules', rulesOf(of)))
  add(`${folder}/dashboards`, new Dashboards(app, 'dashboards', of))
  add(`${folder}/data-sources`, new DataSources(app, 'data-sources', of, environment))
}

type Add = (path: string, ...charts: Chart[]) => void

function addPipeline(pipeline: Pipeline, environment: Environment, app: App, add: Add): void {
  const { name, namespace } = pipeline
  const pods = planPods(pipeline, environment)
  const edges = edgesOf(pods, environment)
  const meshed = has(environment, 'linkerd')
  const used = new Set(edges.flatMap(({ to }) => ('store' in to ? [to.store] : [])))
  add(`${name}/00-namespace`, new Namespace(app, `${name}-namespace`, namespace, { closed: true }))
  if (environment.stores.inside) {
    const { volume } = environment.stores
    for (const store of databasesOf(edges))
      add(
        `${name}/${store}`,
        new Store(app, `${name}-${store}`, { name: store, pipeline: name, namespace, volume }),
      )
  } else {
    add(`${name}/secrets`, new Secrets(app, `${name}-secrets`, name, namespace, [...used]))
  }
  const exporters = databasesOf(edges).map((database) => {
    const props = { database, pipeline: name, namespace, environment }
    return new Exporter(app, `${name}-${database}-exporter`, props)
  })
  if (exporters.length > 0) add(`${name}/exporters`, ...exporters)
  for (const pod of pods) {
    const id = `${name}-${pod.name}`
    const workload = new Workload(app, id, pod, environment, edges)
    const charts: Chart[] = isRollout(pod.delivery) ? [new Analysis(app, `${id}-analysis`, pod)] : []
    for (const { name: service, ingress, port, nextOf } of pod.services) {
      if (nextOf) charts.push(new Split(app, `${id}-split`, namespace, nextOf, service))
      else if (ingress) {
        const host = environment.hostOf(service, name)
        const props = { namespace, service: workload.services[service]!, host, word: ingress, meshed }
        charts.push(new Intake(app, `${name}-${service}-intake`, props))
      }
      const splits = pods.some(({ services }) => services.some((each) => each.nextOf === service))
      // Where requests are split by a TrafficSplit, Linkerd heeds no routes.
      if (meshed && pod.name === 'query' && !splits && !nextOf)
        charts.push(new Reads(app, `${id}-reads`, namespace, { name: service, port }))
    }
    add(`${name}/${pod.name}`, workload, ...charts)
  }
  if (meshed) add(`${name}/mesh`, new Mesh(app, `${name}-mesh`, { pipeline: name, namespace, pods, edges }))
  add(
    `${name}/network`,
    new Network(app, `${name}-network`, { pipeline: name, namespace, pods, edges, environment }),
  )
}
