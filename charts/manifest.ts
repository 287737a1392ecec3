// A Kubernetes object as it is written.

export type Container = {
  name: string
  image: string
  args?: string[]
  ports?: { name?: string; containerPort: number }[]
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[]
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  restartPolicy?: string
  [field: string]: unknown
}

export type PodSpec = {
  containers: Container[]
  initContainers?: Container[]
  volumes?: { name: string; [source: string]: unknown }[]
  serviceAccountName?: string
  [field: string]: unknown
}

export type Manifest = {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  // What stands in it differs by kind, and the checks look at fields of many kinds.
  // oxlint-disable-next-line typescript/no-explicit-any
  spec?: any
  [field: string]: unknown
}

/** `Deployment project/intake`. */
export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`
}

/** The pod of a Deployment, Rollout, StatefulSet or Job: its labels and its spec. */
export function podOf(object: Manifest): { labels: Record<string, string>; spec: PodSpec } | undefined {
  if (!['Deployment', 'Rollout', 'StatefulSet', 'DaemonSet', 'Job'].includes(object.kind)) return undefined
  const { template } = object.spec
  return { labels: template.metadata?.labels ?? {}, spec: template.spec as PodSpec }
}

export function containersOf({ initContainers = [], containers }: PodSpec): Container[] {
  return [...initContainers, ...containers]
}
