// Turns a pipeline's graph into pods: which containers they have, with which arguments and ports.
import {
  hopArguments,
  queryArguments,
  sendersFirst,
  type Addresses,
  type Hop,
  type Ingress,
  type Pipeline,
  type Store,
} from '../pipelines/pipeline.ts'
import type { Environment } from './environment.ts'

export type ContainerPlan = {
  name: string
  program: 'hop' | 'query'
  args: string[]
  /** `admin` has the probes' pages and the metrics; a second one is what the hop listens on for others. */
  ports: { name: string; number: number }[]
  adminPort: number
  /** Starts before the containers that send to it, and leaves after them. */
  sidecar: boolean
}

export type PodPlan = {
  name: string
  pipeline: string
  namespace: string
  /** In the order of their start: receivers before senders. */
  containers: ContainerPlan[]
  /** What is reached from other pods, each by a Service. */
  services: ServicePlan[]
  /** `most` is undefined where no scaler may decide. */
  replicas: { least: number; most: number | undefined }
  purpose: string
}

export type ServicePlan = {
  name: string
  ports: { name: string; number: number }[]
  /** Also pods that are not ready, because it is asked how they are. */
  health?: true
  /** Clients connect to pods themselves: a stream through a proxy would stay on one pod. */
  headless: boolean
  ingress: Ingress | undefined
}

export const brokerNamespace = 'kafka'
export const brokerCluster = 'freshet'

/** Containers of a pod share its ports, so each has its own, from here on. */
const FIRST_ADMIN_PORT = 9_101

/** The variables that hold the address of a database outside the cluster; Kubernetes puts them into arguments. */
export const addressVariables: Partial<Record<Store, string>> = {
  redis: 'REDIS_HOST',
  mongodb: 'MONGODB_HOSTS',
}

export function brokerPort({ broker }: Environment): number {
  return broker.tls ? 9_093 : 9_092
}

/** The port of a hop that others connect to; undefined for those that read from a store. */
function portOf({ from }: Hop): number | undefined {
  return Object.values(from).find((value): value is number => typeof value === 'number' && !('group' in from))
}

function targetsOf({ to, fastPaths = [] }: Hop): string[] {
  return [...to, ...fastPaths].flatMap((target) => ('hop' in target ? [target.hop] : []))
}

function addressesIn(pipeline: Pipeline, environment: Environment, pod: string): Addresses {
  const { hops } = pipeline
  const inPod = podOrder(pipeline, pod)
  return {
    listen: (hop) => `${reachedFromOutside(pipeline, hop) ? '0.0.0.0' : '127.0.0.1'}:${portOf(hops[hop]!)}`,
    reach: (hop) => `${hops[hop]!.pod === pod ? '127.0.0.1' : hop}:${portOf(hops[hop]!)}`,
    admin: (hop) => `0.0.0.0:${FIRST_ADMIN_PORT + inPod.indexOf(hop)}`,
    reachAdmin: (hop) => {
      const { pod: owner } = hops[hop]!
      const port = FIRST_ADMIN_PORT + podOrder(pipeline, owner).indexOf(hop)
      return `${healthService(owner)}:${port}`
    },
    store: (store) => {
      if (store === 'kafka')
        return `${brokerCluster}-kafka-bootstrap.${brokerNamespace}.svc:${brokerPort(environment)}`
      if (!environment.stores.inside) return `$(${addressVariables[store]})`
      return store === 'redis' ? 'redis:6379' : 'mongodb:27017'
    },
  }
}

/** The Service by which the page asks how a pod's hops are. */
const healthService = (pod: string) => `${pod}-health`

/** Where the broker asks who its clients are, they show the certificate of the Secret that is mounted as `kafka`. */
function withSecret(args: string[], { broker }: Environment): string[] {
  if (!broker.tls) return args
  return args.map((argument) =>
    argument.startsWith('kafka://')
      ? `${argument}${argument.includes('?') ? '&' : '?'}secret=kafka`
      : argument,
  )
}

function reachedFromOutside({ hops }: Pipeline, name: string): boolean {
  const hop = hops[name]!
  if ('http' in hop.from) return true
  // What comes through a store comes from nobody's connection.
  if (portOf(hop) === undefined) return false
  return Object.values(hops).some((sender) => sender.pod !== hop.pod && targetsOf(sender).includes(name))
}

/** The hops of a pod, receivers first. */
function podOrder(pipeline: Pipeline, pod: string): string[] {
  return sendersFirst(pipeline)
    .toReversed()
    .filter((name) => pipeline.hops[name]!.pod === pod)
}

/** The pods of a pipeline, that of the query service last. */
export function planPods(pipeline: Pipeline, environment: Environment): PodPlan[] {
  const pods = [...new Set(Object.values(pipeline.hops).map(({ pod }) => pod))]
  return [...pods.map((pod) => planPod(pipeline, environment, pod)), planQuery(pipeline, environment)]
}

function planPod(pipeline: Pipeline, environment: Environment, pod: string): PodPlan {
  const { hops, name, namespace } = pipeline
  const names = podOrder(pipeline, pod)
  const addresses = addressesIn(pipeline, environment, pod)
  const containers = names.map((hop, index): ContainerPlan => {
    const adminPort = FIRST_ADMIN_PORT + index
    const outside = reachedFromOutside(pipeline, hop)
    return {
      name: hop,
      program: 'hop',
      args: withSecret(hopArguments(pipeline, hop, addresses), environment),
      ports: [
        ...(outside ? [{ name: 'events', number: portOf(hops[hop]!)! }] : []),
        { name: 'admin', number: adminPort },
      ],
      adminPort,
      sidecar: names.some((sender) => targetsOf(hops[sender]!).includes(hop)),
    }
  })
  const services: ServicePlan[] = names
    .filter((hop) => reachedFromOutside(pipeline, hop))
    .map((hop) => ({
      name: hop,
      ports: [{ name: 'events', number: portOf(hops[hop]!)! }],
      headless: !('http' in hops[hop]!.from),
      ingress: hops[hop]!.ingress,
    }))
  services.push({
    name: healthService(pod),
    ports: containers.map(({ name: hop, adminPort }) => ({ name: portName(hop), number: adminPort })),
    health: true,
    // Each pod has figures of its own.
    headless: true,
    ingress: undefined,
  })
  const replicas = countReplicas(pipeline, environment, names)
  return {
    name: pod,
    pipeline: name,
    namespace,
    containers,
    services,
    replicas,
    purpose: describe(names, hops),
  }
}

/** More readers of a log than it has partitions would be idle; what subscribes to a channel would get all twice. */
function countReplicas(pipeline: Pipeline, { replicas }: Environment, names: string[]): PodPlan['replicas'] {
  const sources = names.map((name) => pipeline.hops[name]!.from)
  if (sources.some((from) => 'http' in from)) return replicas
  if (sources.every((from) => 'group' in from)) {
    const partitions = pipeline.topic?.partitions ?? 1
    return { least: 1, most: replicas.least > 1 ? partitions : undefined }
  }
  const single = sources.some((from) => !Object.values(from).some((value) => typeof value === 'number'))
  return { least: single ? 1 : replicas.least, most: undefined }
}

/** Of at most 15 characters, and with no `-` at its end. */
function portName(hop: string): string {
  return hop.slice(0, 15).replace(/-+$/, '')
}

function planQuery(pipeline: Pipeline, environment: Environment): PodPlan {
  const { port, ingress } = pipeline.query
  const addresses = addressesIn(pipeline, environment, 'query')
  const args = withSecret(queryArguments(pipeline, `0.0.0.0:${port}`, addresses), environment)
  const ports = [{ name: 'page', number: port }]
  return {
    name: 'query',
    pipeline: pipeline.name,
    namespace: pipeline.namespace,
    containers: [{ name: 'query', program: 'query', args, ports, adminPort: port, sidecar: false }],
    services: [{ name: 'query', ports: [{ name: 'events', number: port }], headless: false, ingress }],
    replicas: { least: environment.replicas.least, most: undefined },
    purpose: 'the page, live views, logs and receipts',
  }
}

function describe(names: string[], hops: Pipeline['hops']): string {
  return names
    .toReversed()
    .map((name) => {
      const { from, to, fastPaths = [] } = hops[name]!
      const [word = '', value] = Object.entries(from)[0] ?? []
      const source = word === 'group' ? 'kafka' : word === 'log' ? value : word
      const targets = [...to, ...fastPaths].map((target) => ('hop' in target ? target.hop : target.store))
      return `${name}: ${source} → ${targets.join(', ')}`
    })
    .join('; ')
}
