// Turns a pipeline's graph into pods: which containers they have, with which arguments and ports.
import {
  hopArguments,
  queryArguments,
  sendersFirst,
  type Addresses,
  type Delivery,
  type Hop,
  type Ingress,
  type Pipeline,
  type Store,
} from '../pipelines/pipeline.ts'
import { has, type AddOn, type Environment } from './environment.ts'

export type ContainerPlan = {
  name: string
  program: 'hop' | 'query'
  args: string[]
  /** `admin` (`admin-2` … in a pod's other containers) has the probes' pages and the metrics; a second one is what the hop listens on for others. */
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
  /** The Service by which the page asks how the hops are, pods that are not ready included. */
  health?: { name: string; ports: { name: string; number: number }[] }
  /** `most` is undefined where no scaler may decide. */
  replicas: { least: number; most: number | undefined }
  /** How a new version comes in, where the environment can; otherwise pod by pod. */
  delivery: Delivery | undefined
  purpose: string
}

export type ServicePlan = {
  name: string
  port: number
  /** Clients connect to pods themselves: a stream through a proxy would stay on one pod. */
  headless: boolean
  ingress: Ingress | undefined
  /** Senders of the other cluster reach it, as `<name>-<cluster>`. */
  exported: boolean
  protocol: 'HTTP/1' | 'HTTP/2'
  /** The Service of the present version, of which this one has the next. */
  nextOf?: string
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
    reach: (hop) => `${hostOf(pipeline, environment, pod, hop)}:${portOf(hops[hop]!)}`,
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

function hostOf(pipeline: Pipeline, environment: Environment, from: string, hop: string): string {
  const { pod } = pipeline.hops[hop]!
  if (pod === from) return '127.0.0.1'
  return isHere(pipeline, environment, pod) ? hop : `${hop}-${environment.cluster!.other}`
}

/** Whether a pod is in the cluster of an environment. */
export function isHere({ secondCluster = [] }: Pipeline, { cluster }: Environment, pod: string): boolean {
  return !cluster || secondCluster.includes(pod) === (cluster.part === 'second')
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
  const pods = [...new Set(Object.values(pipeline.hops).map(({ pod }) => pod)), 'query']
  return pods
    .filter((pod) => isHere(pipeline, environment, pod))
    .map((pod) => (pod === 'query' ? planQuery(pipeline, environment) : planPod(pipeline, environment, pod)))
    .flatMap((plan) => (plan.delivery === 'traffic-split' ? [plan, nextOf(plan)] : [plan]))
}

/** The next version beside the present one: a pod of its own, which a Service of its own reaches. */
function nextOf(plan: PodPlan): PodPlan {
  return {
    ...plan,
    name: `${plan.name}-next`,
    services: plan.services.map((service) => ({
      ...service,
      name: `${service.name}-next`,
      nextOf: service.name,
    })),
    health: undefined,
    replicas: { least: 1, most: undefined },
    delivery: undefined,
    purpose: `${plan.purpose} (the next version)`,
  }
}

const deliveryNeeds: Record<Delivery, AddOn> = {
  'blue-green': 'argo-rollouts',
  canary: 'argo-rollouts',
  'traffic-split': 'linkerd',
}

function deliveryIn(environment: Environment, word: Delivery | undefined): Delivery | undefined {
  return word && has(environment, deliveryNeeds[word]) ? word : undefined
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
        // Names are of the pod, not of the container.
        { name: index === 0 ? 'admin' : `admin-${index + 1}`, number: adminPort },
      ],
      adminPort,
      sidecar: names.some((sender) => targetsOf(hops[sender]!).includes(hop)),
    }
  })
  const services = names
    .filter((hop) => reachedFromOutside(pipeline, hop))
    .map((hop) => ({
      name: hop,
      port: portOf(hops[hop]!)!,
      exported: isExported(pipeline, environment, hop),
      headless: !('http' in hops[hop]!.from) && !isExported(pipeline, environment, hop),
      protocol: 'grpc' in hops[hop]!.from ? ('HTTP/2' as const) : ('HTTP/1' as const),
      ingress: hops[hop]!.ingress,
    }))
  const replicas = countReplicas(pipeline, environment, names)
  return {
    name: pod,
    pipeline: name,
    namespace,
    containers,
    services,
    health: {
      name: healthService(pod),
      ports: containers.map(({ name: hop, adminPort }) => ({ name: portName(hop), number: adminPort })),
    },
    replicas,
    delivery: deliveryIn(environment, names.map((hop) => hops[hop]!.delivery).find(Boolean)),
    purpose: describe(names, hops),
  }
}

function isExported(pipeline: Pipeline, environment: Environment, name: string): boolean {
  return Object.values(pipeline.hops).some(
    (sender) => targetsOf(sender).includes(name) && !isHere(pipeline, environment, sender.pod),
  )
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
  const { port, ingress, delivery } = pipeline.query
  const addresses = addressesIn(pipeline, environment, 'query')
  // The broker is in the first cluster; in the second one the log is read from MongoDB alone.
  const readable: Pipeline =
    environment.cluster?.part === 'second' && pipeline.topic
      ? { ...pipeline, topic: undefined, partitions: pipeline.topic.partitions }
      : pipeline
  const here = Object.keys(pipeline.hops).filter((hop) =>
    isHere(pipeline, environment, pipeline.hops[hop]!.pod),
  )
  const args = withSecret(queryArguments(readable, `0.0.0.0:${port}`, addresses, here), environment)
  const ports = [{ name: 'page', number: port }]
  return {
    name: 'query',
    pipeline: pipeline.name,
    namespace: pipeline.namespace,
    containers: [{ name: 'query', program: 'query', args, ports, adminPort: port, sidecar: false }],
    services: [{ name: 'query', port, headless: false, ingress, exported: false, protocol: 'HTTP/1' }],
    replicas: { least: environment.replicas.least, most: undefined },
    delivery: deliveryIn(environment, delivery),
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
