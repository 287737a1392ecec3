// Finding objects as Kubernetes does: by name in a namespace, and by labels.
import { containersOf, podOf, type Container, type Manifest } from '../manifest.ts'

export function find(objects: Manifest[], kind: string, namespace: string | undefined, name: string) {
  return objects.find(
    (object) =>
      object.kind === kind && object.metadata.namespace === namespace && object.metadata.name === name,
  )
}

export type Pod = { object: Manifest; labels: Record<string, string>; containers: Container[] }

export function podsOf(objects: Manifest[]): Pod[] {
  return objects.flatMap((object) => {
    const pod = podOf(object)
    return pod ? [{ object, labels: pod.labels, containers: containersOf(pod.spec) }] : []
  })
}

/** Whether a map of labels is among those of an object. The empty one is among all. */
export function matches(wanted: Record<string, string> | undefined, labels: Record<string, string>): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value)
}

export function podsSelected(
  objects: Manifest[],
  namespace: string | undefined,
  labels: Record<string, string>,
): Pod[] {
  return podsOf(objects).filter(
    (pod) => pod.object.metadata.namespace === namespace && matches(labels, pod.labels),
  )
}
