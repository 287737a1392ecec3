// The places where the pipelines run, as values.

/** What acts on a pipeline's objects beyond Kubernetes itself, where an environment has it. */
export type AddOn = 'linkerd' | 'keda' | 'argo-rollouts' | 'vertical-pod-autoscaler'

/** One of the two clusters over which a pipeline may be spread (`secondCluster`). */
export type ClusterPart = FirstCluster | { part: 'second'; other: string }

/** Its pods send to those of the second one. */
export type FirstCluster = {
  part: 'first'
  /** The name by which Linkerd links the other one; a Service that it mirrors has it as suffix. */
  other: string
  /** The address of the other cluster's gateway. */
  gateway: string
}

export type Environment = {
  name: 'laptop' | 'cloud' | 'east' | 'west'
  /** Replicas of what serves: at rest, and at most where a scaler decides. */
  replicas: { least: number; most: number }
  broker: {
    nodes: number
    minInSync: number
    volume: string
    cpuMillis: number
    memoryMiB: number
    /** Clients prove who they are by a certificate, and may do what their KafkaUser says. */
    tls: boolean
  }
  /** Databases in the cluster; where they are outside, a Secret says at which address, within which network. */
  stores: { inside: true; volume: string } | { inside: false; network: string }
  /** The host name under which clients reach a hop or the page. */
  hostOf: (name: string, pipeline: string) => string
  /** The collector that hops send spans to, by OTLP over HTTP, and how many requests are traced (0 to 1). Off without it. */
  tracing?: { collector: { namespace: string; service: string; port: number }; ratio: number }
  /** How long load must have gone before pods do. */
  scaleDownSeconds: number
  /** What the nodes have for pods; synth fails when all that is requested is more. */
  nodes: { count: number; cpuMillis: number; memoryMiB: number } | undefined
  addOns: readonly AddOn[]
  /** Only the pipelines that are spread over two clusters are here, with their part; otherwise all, as a whole. */
  cluster?: ClusterPart
}

const laptop: Environment = {
  name: 'laptop',
  replicas: { least: 1, most: 3 },
  broker: { nodes: 1, minInSync: 1, volume: '2Gi', cpuMillis: 250, memoryMiB: 1024, tls: false },
  stores: { inside: true, volume: '1Gi' },
  // nip.io answers <anything>.127.0.0.1.nip.io with 127.0.0.1, where kind maps its ports.
  hostOf: (name, pipeline) => `${name}.${pipeline}.127.0.0.1.nip.io`,
  scaleDownSeconds: 60,
  // What the projects that this one follows ran on: 2 × 2 vCPU, 7.5 GB.
  nodes: { count: 2, cpuMillis: 2_000, memoryMiB: 7_152 },
  addOns: [],
}

const cloud: Environment = {
  name: 'cloud',
  replicas: { least: 2, most: 6 },
  broker: { nodes: 3, minInSync: 2, volume: '50Gi', cpuMillis: 1_000, memoryMiB: 4_096, tls: true },
  stores: { inside: false, network: '10.0.0.0/8' },
  hostOf: (name, pipeline) => `${name}.${pipeline}.example.com`,
  scaleDownSeconds: 300,
  nodes: undefined,
  addOns: ['linkerd', 'keda', 'argo-rollouts', 'vertical-pod-autoscaler'],
}

const east: Environment = {
  ...cloud,
  name: 'east',
  hostOf: (name, pipeline) => `${name}.${pipeline}.east.example.com`,
  // An address of documentation (RFC 5737) for that of the load balancer in front of west's gateway.
  cluster: { part: 'first', other: 'west', gateway: '192.0.2.20' },
}

const west: Environment = {
  ...cloud,
  name: 'west',
  hostOf: (name, pipeline) => `${name}.${pipeline}.west.example.com`,
  cluster: { part: 'second', other: 'east' },
}

export const environments: Environment[] = [laptop, cloud, east, west]

export function has({ addOns }: Environment, addOn: AddOn): boolean {
  return addOns.includes(addOn)
}
