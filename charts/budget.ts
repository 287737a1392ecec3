// What the pods of an environment ask for, and whether its nodes have that.
import { mostReplicas } from './checks/scale.ts'
import type { Environment } from './environment.ts'
import { containersOf, podOf, type Manifest } from './manifest.ts'

export type Demand = { cpuMillis: number; memoryMiB: number }

export const nothing: Demand = { cpuMillis: 0, memoryMiB: 0 }

export function add(a: Demand, b: Demand, times = 1): Demand {
  return { cpuMillis: a.cpuMillis + b.cpuMillis * times, memoryMiB: a.memoryMiB + b.memoryMiB * times }
}

const units: Record<string, number> = { Ki: 1 / 1_024, Mi: 1, Gi: 1_024 }

type Requests = { cpu?: string; memory?: string }

/** `250m`, `1`; `128Mi`, `1Gi`. Throws on other units, so that nothing is counted wrongly. */
export function readRequests({ cpu = '0', memory = '0Mi' }: Requests): Demand {
  const cores = /^(\d+)(m?)$/.exec(cpu)
  const bytes = /^(\d+)(Ki|Mi|Gi)$/.exec(memory)
  if (!cores || !bytes) throw new Error(`requests of cpu ${cpu}, memory ${memory}: cannot be added up`)
  return {
    cpuMillis: Number(cores[1]) * (cores[2] === 'm' ? 1 : 1_000),
    memoryMiB: Number(bytes[1]) * units[bytes[2]!]!,
  }
}

/** What is requested when no scaler has added pods, and when all have. */
export function demandOf(objects: Manifest[]): { atRest: Demand; atMost: Demand } {
  let [atRest, atMost] = [nothing, nothing]
  for (const object of objects) {
    const { spec, least, most } = podsAsked(objects, object)
    atRest = add(atRest, spec, least)
    atMost = add(atMost, spec, most)
  }
  return { atRest, atMost }
}

/** What the proxy asks for that Linkerd adds to a pod. */
function proxyOf({ spec }: Manifest): Demand {
  const annotations = (spec.template.metadata?.annotations ?? {}) as Record<string, string>
  if (annotations['linkerd.io/inject'] !== 'enabled') return nothing
  const [cpu, memory] = ['cpu', 'memory'].map(
    (what) => annotations[`config.linkerd.io/proxy-${what}-request`],
  )
  return readRequests({ ...(cpu && { cpu }), ...(memory && { memory }) })
}

function podsAsked(objects: Manifest[], object: Manifest): { spec: Demand; least: number; most: number } {
  const pod = podOf(object)
  if (pod) {
    const containers = containersOf(pod.spec).map(({ resources }) => readRequests(resources?.requests ?? {}))
    const requests = [...containers, proxyOf(object)]
    const scaler = objects.find(
      ({ kind, metadata, spec }) =>
        ['HorizontalPodAutoscaler', 'ScaledObject'].includes(kind) &&
        metadata.namespace === object.metadata.namespace &&
        spec.scaleTargetRef.name === object.metadata.name,
    )
    const least = scaler?.spec.minReplicas ?? scaler?.spec.minReplicaCount ?? object.spec.replicas ?? 1
    return {
      spec: requests.reduce((sum, each) => add(sum, each), nothing),
      least,
      most: mostReplicas(objects, object),
    }
  }
  // Strimzi makes these pods.
  if (object.kind === 'KafkaNodePool') {
    const { replicas, resources } = object.spec
    return { spec: readRequests(resources.requests), least: replicas, most: replicas }
  }
  if (object.kind === 'Kafka') {
    const { topicOperator, userOperator } = object.spec.entityOperator
    const operators = [topicOperator, userOperator].flatMap((each) => each?.resources.requests ?? [])
    return {
      spec: operators.reduce((sum: Demand, each: Requests) => add(sum, readRequests(each)), nothing),
      least: 1,
      most: 1,
    }
  }
  return { spec: nothing, least: 0, most: 0 }
}

/** What the system's own pods (network, DNS, metrics, the operators) need of the nodes. An estimate, on the safe side of what kind asks for. */
const systemDemand: Demand = { cpuMillis: 1_000, memoryMiB: 1_536 }

/** Undefined when it fits. */
export function exceeds({ name, nodes }: Environment, demand: Demand): string | undefined {
  if (!nodes) return undefined
  const has = add(nothing, nodes, nodes.count)
  const needed = add(demand, systemDemand)
  if (needed.cpuMillis <= has.cpuMillis && needed.memoryMiB <= has.memoryMiB) return undefined
  return (
    `${name}: all pipelines and the system request ${needed.cpuMillis}m CPU and ${needed.memoryMiB} MiB, and ` +
    `${nodes.count} nodes have ${has.cpuMillis}m and ${has.memoryMiB} MiB; lower requests or state more nodes`
  )
}
