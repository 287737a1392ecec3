// Policies that let through what the containers' arguments say, names to be looked up, and the monitoring's reads.
import { Chart } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import type { Construct } from 'constructs'
import { has, type Environment } from './environment.ts'
import { controllerNamespaces } from './intake.ts'
import { labelsOf } from './labels.ts'
import {
  CONTROL_PLANE_PORTS,
  GATEWAY_PORT,
  linkerdNamespace,
  multiclusterNamespace,
  PROXY_ADMIN_PORT,
  PROXY_PORT,
  PROXY_TAP_PORT,
  vizNamespace,
} from './linkerd.ts'
import { exporterName, exporters } from './monitoring/exporter-arguments.ts'
import { grafanaLabels, monitoringNamespace } from './monitoring/names.ts'
import { brokerCluster, brokerNamespace, brokerPort, type PodPlan, type ServicePlan } from './plan.ts'
import { databases, type DatabaseName } from './stores.ts'
const tcp = (port: number) => kplus.NetworkPolicyPort.tcp(port)

/** What a pod connects to: a pod of the same pipeline, a store, or a Service of the other cluster. */
export type Edge = {
  from: string
  to: { pod: string } | { store: 'kafka' | DatabaseName } | { mirrored: string }
  port: number
}

/** The connections between the pods and stores of a pipeline, from the arguments of its containers. */
export function edgesOf(pods: PodPlan[], environment: Environment): Edge[] {
  const kafkaPort = brokerPort(environment)
  const owners = new Map(
    pods.flatMap(({ name, services, health }) =>
      [...services, ...(health ? [health] : [])].map((service) => [service.name, name]),
    ),
  )
  const edges = new Map<string, Edge>()
  for (const { name: from, containers } of pods) {
    for (const url of containers.flatMap(({ args }) => args.filter((argument) => argument.includes('://')))) {
      const [, scheme = '', host = '', port] = /^([a-z-]+):\/\/([^:/,]+)(?::(\d+))?/.exec(url) ?? []
      if (host === '0.0.0.0' || host === '127.0.0.1') continue
      const mirrored = environment.cluster && host.endsWith(`-${environment.cluster.other}`)
      const edge = mirrored
        ? { from, to: { mirrored: host }, port: Number(port) }
        : edgeTo(from, scheme, owners.get(host), Number(port), kafkaPort)
      if (!edge) throw new Error(`${from}: ${url} names "${host}", which is no Service of its pipeline`)
      edges.set(JSON.stringify(edge), edge)
    }
  }
  return [...edges.values()]
}

function edgeTo(
  from: string,
  scheme: string,
  pod: string | undefined,
  port: number,
  kafkaPort: number,
): Edge | undefined {
  if (scheme === 'kafka') return { from, to: { store: 'kafka' }, port: kafkaPort }
  if (scheme.startsWith('redis')) return { from, to: { store: 'redis' }, port: databases.redis.port }
  if (scheme === 'mongodb') return { from, to: { store: 'mongodb' }, port: databases.mongodb.port }
  return pod === undefined ? undefined : { from, to: { pod }, port }
}

/** The databases that a pipeline uses. */
export function databasesOf(edges: Edge[]): DatabaseName[] {
  return [...new Set(edges.flatMap(({ to }) => ('store' in to && to.store !== 'kafka' ? [to.store] : [])))]
}

export type NetworkProps = {
  pipeline: string
  namespace: string
  pods: PodPlan[]
  edges: Edge[]
  environment: Environment
}

export class Network extends Chart {
  constructor(scope: Construct, id: string, props: NetworkProps) {
    const { pipeline, namespace, pods, edges, environment } = props
    super(scope, id, { namespace, disableResourceNameHashes: true })
    const podsNamed = (name: string, labels: Record<string, string>, of?: string) =>
      kplus.Pods.select(this, name, {
        labels,
        ...(of === undefined
          ? {}
          : { namespaces: kplus.Namespaces.select(this, `${name}-in`, { names: [of] }) }),
      })
    const allOf = (name: string) =>
      kplus.Pods.all(this, name, {
        namespaces: kplus.Namespaces.select(this, `${name}-in`, { names: [name] }),
      })
    const stores = Object.keys(databases) as DatabaseName[]
    const own = new Map(
      [...pods.map(({ name }) => name), ...stores, ...stores.map(exporterName)].map((name) => [
        name,
        podsNamed(`pod-${name}`, labelsOf(name, pipeline)),
      ]),
    )
    const monitoring = allOf(monitoringNamespace)
    const grafana = podsNamed('grafana', grafanaLabels, monitoringNamespace)
    const controllers = new Map(
      pods
        .flatMap(({ services }) => services.flatMap(({ ingress }) => ingress ?? []))
        .map((word) => [word, word] as const),
    )
    const controllerPods = new Map(
      [...controllers.keys()].map((word) => [word, allOf(controllerNamespaces[word])]),
    )
    const names = podsNamed('dns', { 'k8s-app': 'kube-dns' }, 'kube-system')
    const broker = podsNamed(
      'broker',
      { 'strimzi.io/cluster': brokerCluster, 'strimzi.io/kind': 'Kafka' },
      brokerNamespace,
    )
    const outside = environment.stores.inside
      ? undefined
      : kplus.NetworkPolicyIpBlock.ipv4(this, 'databases', environment.stores.network)
    const meshed = has(environment, 'linkerd')
    const controlPlane = meshed ? allOf(linkerdNamespace) : undefined
    const viz = meshed ? allOf(vizNamespace) : undefined
    const exports = pods.some(({ services }) => services.some(({ exported }) => exported))
    const gateway = exports ? allOf(multiclusterNamespace) : undefined
    const otherGateway =
      environment.cluster?.part === 'first'
        ? kplus.NetworkPolicyIpBlock.ipv4(this, 'gateway', `${environment.cluster.gateway}/32`)
        : undefined
    /** Two proxies of the mesh may meet at the port of the receiver's instead. */
    const betweenPods = (port: number) => [tcp(port), ...(meshed ? [tcp(PROXY_PORT)] : [])]

    const spans = environment.tracing && {
      peer: kplus.Pods.all(this, 'collector', {
        namespaces: kplus.Namespaces.select(this, 'collector-in', {
          names: [environment.tracing.collector.namespace],
        }),
      }),
      ports: [tcp(environment.tracing.collector.port)],
    }

    /** Past the proxy, unless others come there, too. */
    const monitored = (port: number, services: ServicePlan[]) =>
      services.some((service) => service.port === port) ? betweenPods(port) : [tcp(port)]
    const portsOf = ({ to, port }: Edge) => {
      if ('mirrored' in to) return [tcp(GATEWAY_PORT)]
      return 'pod' in to ? betweenPods(port) : [tcp(port)]
    }
    const peer = (to: Edge['to']): kplus.INetworkPolicyPeer => {
      if ('pod' in to) return own.get(to.pod)!
      if ('mirrored' in to) return otherGateway!
      if (to.store === 'kafka') return broker
      return outside ?? own.get(to.store)!
    }
    const arriving = (name: string) =>
      edges
        .filter(({ to }) => ('pod' in to ? to.pod : 'store' in to && to.store) === name)
        .map((edge) => ({ peer: own.get(edge.from)!, ports: portsOf(edge) }))

    const lookup = { peer: names, ports: [kplus.NetworkPolicyPort.udp(53), tcp(53)] }
    for (const { name, containers, services } of pods) {
      const leaving = edges
        .filter(({ from }) => from === name)
        .map((edge) => ({ peer: peer(edge.to), ports: portsOf(edge) }))
      if (controlPlane) leaving.push({ peer: controlPlane, ports: CONTROL_PLANE_PORTS.map(tcp) })
      const clients = services.flatMap(({ ingress, port, exported }) => [
        ...(ingress ? [{ peer: controllerPods.get(ingress)!, ports: betweenPods(port) }] : []),
        ...(exported ? [{ peer: gateway!, ports: betweenPods(port) }] : []),
      ])
      const traced = spans && containers.some(({ program }) => program === 'hop') ? [spans] : []
      const reads = {
        peer: monitoring,
        ports: [
          ...containers.flatMap(({ adminPort }) => monitored(adminPort, services)),
          ...(meshed ? [tcp(PROXY_ADMIN_PORT)] : []),
        ],
      }
      const watches = viz ? [{ peer: viz, ports: [tcp(PROXY_TAP_PORT), tcp(PROXY_ADMIN_PORT)] }] : []
      new kplus.NetworkPolicy(this, `policy-${name}`, {
        metadata: { name },
        selector: own.get(name)!,
        ingress: { rules: [...arriving(name), ...clients, reads, ...watches] },
        egress: { rules: [...leaving, ...traced, lookup] },
      })
    }
    for (const name of databasesOf(edges)) {
      const exporter = exporterName(name)
      new kplus.NetworkPolicy(this, `policy-${exporter}`, {
        metadata: { name: exporter },
        selector: own.get(exporter)!,
        ingress: { rules: [{ peer: monitoring, ports: [tcp(exporters[name].port)] }] },
        egress: { rules: [{ peer: peer({ store: name }), ports: [tcp(databases[name].port)] }, lookup] },
      })
      if (outside) continue
      const ports = [tcp(databases[name].port)]
      const reading = [own.get(exporter)!, ...(name === 'redis' ? [grafana] : [])].map((each) => ({
        peer: each,
        ports,
      }))
      const rules = [...arriving(name), ...reading]
      new kplus.NetworkPolicy(this, `policy-${name}`, {
        metadata: { name },
        selector: own.get(name)!,
        ingress: { rules },
      })
    }
  }
}
