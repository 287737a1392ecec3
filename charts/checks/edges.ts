// What the containers' arguments connect to must be let through, and nothing on the way may send a batch again.
import { nameOf, podOf, type Container, type Manifest } from '../manifest.ts'
import { programs } from '../../pipelines/images.ts'
import type { Rule } from '../checks.ts'
import { namespaceLabel } from '../labels.ts'
import { CONTROL_PLANE_PORTS, linkerdNamespace } from '../linkerd.ts'
import { endpointVariable } from '../tracing.ts'
import { find, matches, podsOf, podsSelected, type Pod } from './lookup.ts'

type Selector = { matchLabels?: Record<string, string> }
type Peer = { podSelector?: Selector; namespaceSelector?: Selector; ipBlock?: { cidr: string } }
type PolicyRule = { from?: Peer[]; to?: Peer[]; ports?: { port?: number | string }[] }

/** An end of a connection; without labels it is outside the cluster. */
type End = { namespace?: string | undefined; labels?: Record<string, string> }

function admits(peer: Peer, end: End, policyNamespace: string | undefined): boolean {
  if (peer.ipBlock) return end.labels === undefined
  if (!end.labels) return false
  const sameSpace = peer.namespaceSelector
    ? matches(peer.namespaceSelector.matchLabels, { [namespaceLabel]: end.namespace ?? '' })
    : end.namespace === policyNamespace
  return sameSpace && matches(peer.podSelector?.matchLabels, end.labels)
}

/** Whether the policies on `pod` let it connect to `other` (Egress), or be connected to by it (Ingress), on `port`. */
function isOpen(
  objects: Manifest[],
  pod: End,
  direction: 'Egress' | 'Ingress',
  other: End,
  port: number,
): boolean {
  const policies = objects.filter(
    ({ kind, metadata, spec }) =>
      kind === 'NetworkPolicy' &&
      metadata.namespace === pod.namespace &&
      matches(spec.podSelector?.matchLabels, pod.labels ?? {}) &&
      spec.policyTypes.includes(direction),
  )
  if (policies.length === 0) return true
  return policies.some(({ metadata, spec }) =>
    ((direction === 'Egress' ? spec.egress : spec.ingress) ?? []).some((rule: PolicyRule) => {
      const peers = direction === 'Egress' ? rule.to : rule.from
      const onPort = !rule.ports?.length || rule.ports.some((each) => each.port === port)
      return onPort && (!peers?.length || peers.some((peer) => admits(peer, other, metadata.namespace)))
    }),
  )
}

/** A Service that Linkerd mirrors from another cluster has that one's name as suffix, and is reached through its gateway. */
function linkOf(objects: Manifest[], service: string): Manifest | undefined {
  return objects.find(({ kind, spec }) => kind === 'Link' && service.endsWith(`-${spec.targetClusterName}`))
}

type Reference = { kind: string; name?: string; namespace?: string }

/** Whether the mesh lets a pod's account connect; where no Server guards the port, anybody. */
function isAuthorized(objects: Manifest[], { object }: Pod, other: End, port: number): boolean {
  const guards = objects.filter(
    ({ kind, metadata, spec }) =>
      kind === 'Server' &&
      other.labels !== undefined &&
      metadata.namespace === other.namespace &&
      spec.port === port &&
      matches(spec.podSelector.matchLabels, other.labels),
  )
  const account = podOf(object)!.spec.serviceAccountName
  return guards.every(({ metadata: server }) =>
    objects.some(
      ({ kind, metadata, spec }) =>
        kind === 'AuthorizationPolicy' &&
        metadata.namespace === server.namespace &&
        spec.targetRef.name === server.name &&
        (spec.requiredAuthenticationRefs as Reference[]).every((reference) => {
          const identities = find(objects, reference.kind, metadata.namespace, reference.name!)
          return ((identities?.spec.identityRefs ?? []) as Reference[]).some(
            (identity) =>
              identity.kind === 'ServiceAccount' &&
              identity.name === account &&
              (identity.namespace ?? metadata.namespace) === object.metadata.namespace,
          )
        }),
    ),
  )
}

type Destination = { ends: End[]; port: number } | { missing: string }

/** The pods behind an address in an argument. Strimzi makes the brokers' Service and pods, so they are known by name. */
function resolve(objects: Manifest[], { object }: Pod, host: string, port: number): Destination {
  if (host.startsWith('$(')) return { ends: [{}], port }
  const [name = '', namespace = object.metadata.namespace!] = host.split('.')
  const cluster = /^(.+)-kafka-bootstrap$/.exec(name)?.[1]
  if (cluster !== undefined && find(objects, 'Kafka', namespace, cluster))
    return {
      ends: [{ namespace, labels: { 'strimzi.io/cluster': cluster, 'strimzi.io/kind': 'Kafka' } }],
      port,
    }
  const link = linkOf(objects, name)
  if (link) return { ends: [{}], port: Number(link.spec.gatewayPort) }
  const service = find(objects, 'Service', namespace, name)
  if (!service) return { missing: `the Service "${name}" of ${namespace}, which is missing` }
  const found = (service.spec.ports as { port: number; targetPort?: number }[]).find(
    (each) => each.port === port,
  )
  if (!found) return { missing: `port ${port} of ${nameOf(service)}, which it has not` }
  const pods = podsSelected(objects, namespace, service.spec.selector)
  return { ends: pods.map(({ labels }) => ({ namespace, labels })), port: found.targetPort ?? port }
}

/** For addresses that a Secret holds. */
const defaultPorts: Record<string, number> = { redis: 6_379, mongodb: 27_017, kafka: 9_092 }
const ADDRESS = /^([a-z-]+):\/\/([^/?]+)/
const LOCAL = /^(127\.0\.0\.1|0\.0\.0\.0|localhost)$/

/** What of a container may hold an address. */
function textsOf({ args = [], env = [] }: Container): { field: string; text: string }[] {
  const endpoint = env.find(({ name }) => name === endpointVariable)?.value
  return [
    ...args.map((text) => ({ field: 'args', text })),
    ...(endpoint === undefined ? [] : [{ field: `env[${endpointVariable}]`, text: endpoint }]),
  ]
}

/** Somebody else runs it, so nothing is known of it but its namespace. */
function collectorAt(host: string, port: number): Destination {
  return { ends: [{ namespace: host.split('.')[1], labels: {} }], port }
}

const edgesAreOpen: Rule = (objects) =>
  podsOf(objects).flatMap((pod) => {
    const end = { namespace: pod.object.metadata.namespace, labels: pod.labels }
    return pod.containers.flatMap((container) =>
      textsOf(container).flatMap(({ field, text }) => {
        const [, scheme = '', authority = ''] = ADDRESS.exec(text) ?? []
        const at = `${nameOf(pod.object)}: containers[${container.name}].${field} ${text}`
        return authority.split(',').flatMap((address) => {
          const [host = '', given] = address.split(':')
          if (host === '' || LOCAL.test(host)) return []
          const port = given ? Number(given) : (defaultPorts[scheme.split('-')[0]!] ?? 0)
          const to = field === 'args' ? resolve(objects, pod, host, port) : collectorAt(host, port)
          if ('missing' in to) return [`${at} names ${to.missing}`]
          return to.ends.flatMap((other) => [
            ...(isOpen(objects, end, 'Egress', other, to.port)
              ? []
              : [
                  `${at}: no policy of its namespace lets the pod out to port ${to.port}; add it to spec.egress`,
                ]),
            ...(!other.labels || isOpen(objects, other, 'Ingress', end, to.port)
              ? []
              : [`${at}: no policy lets it in on port ${to.port} over there; add it to spec.ingress`]),
            ...(isAuthorized(objects, pod, other, to.port)
              ? []
              : [
                  `${at}: no AuthorizationPolicy lets its ServiceAccount in on port ${to.port}; add it to the identities`,
                ]),
          ])
        })
      }),
    )
  })

/** Without the control plane a proxy has no identity, and lets nothing through. */
const proxiesAskTheControlPlane: Rule = (objects) =>
  podsOf(objects).flatMap((pod) => {
    if (pod.object.spec.template.metadata?.annotations?.['linkerd.io/inject'] !== 'enabled') return []
    const end = { namespace: pod.object.metadata.namespace, labels: pod.labels }
    const closed = CONTROL_PLANE_PORTS.filter(
      (port) => !isOpen(objects, end, 'Egress', { namespace: linkerdNamespace, labels: {} }, port),
    )
    return closed.length === 0
      ? []
      : [
          `${nameOf(pod.object)}: no policy of its namespace lets its proxy out to ${linkerdNamespace} on port ${closed.join(', ')}; add it to spec.egress`,
        ]
  })

const RETRY_ANNOTATION = /^retry\.linkerd\.io\//
const MEND = 'remove it, because the hop that owns a batch retries it; only the read API may be asked again'

/** Whether all that a route leads to is the read API, which changes nothing. */
function onlyReads(objects: Manifest[], { kind, metadata, spec }: Manifest): boolean {
  if (kind !== 'HTTPRoute') return false
  const { parentRefs = [], rules = [] } = spec as {
    parentRefs?: { name: string }[]
    rules?: { backendRefs?: { name: string }[] }[]
  }
  const names = [...parentRefs, ...rules.flatMap(({ backendRefs = [] }) => backendRefs)].map(
    ({ name }) => name,
  )
  return names.every((name) => {
    const service = find(objects, 'Service', metadata.namespace, name)
    const pods = service ? podsSelected(objects, metadata.namespace, service.spec.selector) : []
    const containers = pods.flatMap((pod) => pod.containers)
    return (
      containers.length > 0 &&
      containers.every(({ command }) => (command as string[] | undefined)?.includes(programs.query))
    )
  })
}

const nothingRetries: Rule = (objects) =>
  objects.flatMap((object) => {
    const { kind, metadata, spec } = object
    const wrong = Object.keys(metadata.annotations ?? {})
      .filter((key) => RETRY_ANNOTATION.test(key))
      .filter(() => !onlyReads(objects, object))
      .map((key) => `metadata.annotations[${key}]`)
    const routes = (spec?.routes ?? spec?.rules ?? []) as Record<string, unknown>[]
    if (['ServiceProfile', 'HTTPProxy', 'HTTPRoute', 'GRPCRoute'].includes(kind))
      for (const [index, route] of routes.entries())
        for (const field of ['isRetryable', 'retryPolicy', 'retry'])
          if (route[field]) wrong.push(`spec.${spec.routes ? 'routes' : 'rules'}[${index}].${field}`)
    const next = metadata.annotations?.['nginx.ingress.kubernetes.io/proxy-next-upstream']
    if (kind === 'Ingress' && spec.ingressClassName === 'nginx' && next !== 'off')
      wrong.push('metadata.annotations[nginx.ingress.kubernetes.io/proxy-next-upstream], which is not "off",')
    if (kind === 'Middleware' && spec?.retry) wrong.push('spec.retry')
    return wrong.map((field) => `${nameOf(object)}: ${field} sends events again; ${MEND}`)
  })

export const edgeRules = [edgesAreOpen, proxiesAskTheControlPlane, nothingRetries]
