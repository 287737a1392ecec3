// What Prometheus is told to read must be there.
import { nameOf, type Manifest } from '../manifest.ts'
import type { Rule } from '../checks.ts'
import { matches, podsSelected } from './lookup.ts'

/** Ports of containers that operators add: Strimzi's brokers, Linkerd's proxies. */
const FOREIGN_PORTS = ['tcp-prometheus', 'linkerd-admin']

/** The names of the ports that a monitor finds in a namespace. */
function portsFound(objects: Manifest[], { kind, spec }: Manifest, namespace: string): Set<string> {
  const labels = spec.selector.matchLabels ?? {}
  if (kind === 'PodMonitor') {
    const containers = podsSelected(objects, namespace, labels).flatMap((pod) => pod.containers)
    return new Set(containers.flatMap(({ ports = [] }) => ports.flatMap(({ name }) => name ?? [])))
  }
  const services = objects.filter(
    (object) =>
      object.kind === 'Service' &&
      object.metadata.namespace === namespace &&
      matches(labels, object.metadata.labels ?? {}),
  )
  return new Set(
    services.flatMap((service) => service.spec.ports.map(({ name }: { name?: string }) => name ?? '')),
  )
}

const monitorsFind: Rule = (objects) =>
  objects.flatMap((monitor) => {
    if (!['PodMonitor', 'ServiceMonitor'].includes(monitor.kind)) return []
    const { spec } = monitor
    const endpoints = (spec.podMetricsEndpoints ?? spec.endpoints) as { port: string }[]
    return (spec.namespaceSelector.matchNames as string[]).flatMap((namespace) => {
      const found = portsFound(objects, monitor, namespace)
      return endpoints.flatMap(({ port }) =>
        found.has(port) || FOREIGN_PORTS.includes(port)
          ? []
          : [
              `${nameOf(monitor)}: its selector finds no port "${port}" in ${namespace}; use the labels and ports that are there`,
            ],
      )
    })
  })

export const monitorRules = [monitorsFind]
