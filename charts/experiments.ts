// What Chaos Mesh does to which pods of a pipeline.
import {
  KernelChaosSpecMode,
  NetworkChaosSpecAction,
  NetworkChaosSpecDirection,
  NetworkChaosSpecMode,
  NetworkChaosSpecTargetMode,
  PodChaosSpecAction,
  PodChaosSpecMode,
  StressChaosSpecMode,
  toJson_KernelChaosSpec,
  toJson_NetworkChaosSpec,
  toJson_PodChaosSpec,
  toJson_StressChaosSpec,
  type PodChaosSpecSelector,
} from '../imports/chaos-mesh.org.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { labelsOf } from './labels.ts'
import type { Edge } from './network.ts'
import { brokerCluster, brokerNamespace, type PodPlan } from './plan.ts'
import type { DatabaseName } from './stores.ts'

export type Role = 'intake' | 'receiver' | 'consumer' | 'query' | 'store'

/** The pods of one Deployment or StatefulSet. */
export type ChaosTarget = {
  name: string
  role: Role
  namespace: string
  labels: Record<string, string>
  /** Those that are no sidecars: Chaos Mesh finds no others. */
  containers: string[]
  /** Its hops. */
  hops: string[]
  /** From whom a partition cuts it off. */
  peer: { namespace: string; labels: Record<string, string> } | undefined
}

/** The pods of a pipeline that are here, and its databases where they are in the cluster. */
export function targetsOf(
  pipeline: Pipeline,
  pods: PodPlan[],
  edges: Edge[],
  stores: DatabaseName[],
): ChaosTarget[] {
  const { name, namespace, hops } = pipeline
  const next = new Set(
    pods.filter(({ services }) => services.some(({ nextOf }) => nextOf)).map((pod) => pod.name),
  )
  return [
    ...pods
      .filter((pod) => !next.has(pod.name))
      .map((pod): ChaosTarget => {
        const names = pod.containers.map((container) => container.name)
        return {
          name: pod.name,
          role: roleOf(pod, hops),
          namespace,
          labels: labelsOf(pod.name, name),
          containers: pod.containers.flatMap((container) => (container.sidecar ? [] : [container.name])),
          hops: names.filter((hop) => hop in hops),
          peer: peerOf(pod, pipeline, edges),
        }
      }),
    ...stores.map((store): ChaosTarget => {
      const labels = labelsOf(store, name)
      return { name: store, role: 'store', namespace, labels, containers: [store], hops: [], peer: undefined }
    }),
  ]
}

function roleOf({ name, services }: PodPlan, hops: Pipeline['hops']): Role {
  if (name === 'query') return 'query'
  if (services.length === 0) return 'consumer'
  return services.some((service) => 'http' in hops[service.name]!.from) ? 'intake' : 'receiver'
}

/** The next pod on its way, or the broker. */
function peerOf({ name }: PodPlan, pipeline: Pipeline, edges: Edge[]): ChaosTarget['peer'] {
  const own = edges.filter(({ from }) => from === name)
  for (const { to } of own)
    if ('pod' in to) return { namespace: pipeline.namespace, labels: labelsOf(to.pod, pipeline.name) }
  if (!own.some(({ to }) => 'store' in to && to.store === 'kafka')) return undefined
  return {
    namespace: brokerNamespace,
    labels: { 'strimzi.io/cluster': brokerCluster, 'strimzi.io/kind': 'Kafka' },
  }
}

export type Experiment = {
  /** Unique in its pipeline. */
  name: string
  target: ChaosTarget
  kind: 'PodChaos' | 'NetworkChaos' | 'KernelChaos' | 'StressChaos'
  /** Of that kind. */
  spec: object
  durationSeconds: number
}

type Make = (target: ChaosTarget) => Pick<Experiment, 'kind' | 'spec' | 'durationSeconds'> | undefined

const selectorOf = ({
  namespace,
  labels,
}: Pick<ChaosTarget, 'namespace' | 'labels'>): PodChaosSpecSelector => ({
  namespaces: [namespace],
  labelSelectors: labels,
})

const podChaos =
  (action: PodChaosSpecAction, durationSeconds: number): Make =>
  (target) => ({
    kind: 'PodChaos',
    durationSeconds,
    spec: toJson_PodChaosSpec({
      action,
      mode: PodChaosSpecMode.ONE,
      selector: selectorOf(target),
      ...(action === PodChaosSpecAction.CONTAINER_HYPHEN_KILL ? { containerNames: target.containers } : {}),
      ...(action === PodChaosSpecAction.POD_HYPHEN_FAILURE ? { duration: `${durationSeconds}s` } : {}),
    })!,
  })

const network =
  (action: NetworkChaosSpecAction, durationSeconds: number, how: object): Make =>
  (target) => ({
    kind: 'NetworkChaos',
    durationSeconds,
    spec: toJson_NetworkChaosSpec({
      action,
      mode: NetworkChaosSpecMode.ALL,
      selector: selectorOf(target),
      direction: NetworkChaosSpecDirection.TO,
      duration: `${durationSeconds}s`,
      ...how,
    })!,
  })

const partition: Make = (target) =>
  target.peer &&
  network(NetworkChaosSpecAction.PARTITION, 60, {
    direction: NetworkChaosSpecDirection.BOTH,
    target: { mode: NetworkChaosSpecTargetMode.ALL, selector: selectorOf(target.peer) },
  })(target)

const stress =
  (stressors: {
    cpu?: { workers: number; load: number }
    memory?: { workers: number; size: string }
  }): Make =>
  (target) => ({
    kind: 'StressChaos',
    durationSeconds: 60,
    spec: toJson_StressChaosSpec({
      mode: StressChaosSpecMode.ALL,
      selector: selectorOf(target),
      containerNames: target.containers,
      duration: '60s',
      stressors,
    })!,
  })

/** One allocation in twenty of what writes to a socket or file fails, in one pod. */
const kernelFault: Make = (target) => ({
  kind: 'KernelChaos',
  durationSeconds: 60,
  spec: toJson_KernelChaosSpec({
    mode: KernelChaosSpecMode.ONE,
    selector: selectorOf(target),
    duration: '60s',
    failKernRequest: {
      failtype: 0,
      callchain: [{ funcname: '__x64_sys_write' }],
      probability: 5,
      times: 100,
    },
  })!,
})

/** `latency` and `jitter` of a bad link between cities; a tenth lost is far more than TCP likes. */
const makers = {
  'pod-kill': podChaos(PodChaosSpecAction.POD_HYPHEN_KILL, 30),
  'pod-failure': podChaos(PodChaosSpecAction.POD_HYPHEN_FAILURE, 60),
  'container-kill': podChaos(PodChaosSpecAction.CONTAINER_HYPHEN_KILL, 30),
  'network-delay': network(NetworkChaosSpecAction.DELAY, 60, {
    delay: { latency: '100ms', jitter: '50ms', correlation: '25' },
  }),
  'network-loss': network(NetworkChaosSpecAction.LOSS, 60, { loss: { loss: '10', correlation: '25' } }),
  partition,
  'kernel-fault': kernelFault,
  'cpu-stress': stress({ cpu: { workers: 2, load: 80 } }),
  'memory-stress': stress({ memory: { workers: 1, size: '64MB' } }),
} satisfies Record<string, Make>

/** Every target dies; beside that, each kind of pod gets what is worst for it. */
const plans: Record<Role, (keyof typeof makers)[]> = {
  intake: ['pod-kill', 'container-kill', 'network-loss', 'partition', 'kernel-fault', 'cpu-stress'],
  receiver: ['pod-kill', 'pod-failure', 'network-delay'],
  consumer: ['pod-kill', 'pod-failure', 'container-kill', 'network-delay', 'partition'],
  query: ['pod-kill', 'network-delay', 'network-loss', 'cpu-stress'],
  store: ['pod-kill', 'pod-failure', 'network-delay', 'memory-stress'],
}

/** In the order in which a Workflow does them. */
export function experimentsOn(target: ChaosTarget): Experiment[] {
  return plans[target.role].flatMap((what) => {
    const made = makers[what](target)
    return made ? [{ name: `${target.name}-${what}`, target, ...made }] : []
  })
}
