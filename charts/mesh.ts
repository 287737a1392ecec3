// Linkerd: which pods have a proxy, who may connect to whom (the graph's edges, nothing else), and what may be asked again.
import { Chart } from 'cdk8s'
import type { Construct } from 'constructs'
import { HttpRoute, HttpRouteSpecRulesMatchesPathType } from '../imports/gateway.networking.k8s.io.ts'
import { Link } from '../imports/multicluster.linkerd.io.ts'
import { AuthorizationPolicy, MeshTlsAuthentication, Server } from '../imports/policy.linkerd.io.ts'
import type { FirstCluster } from './environment.ts'
import { controllerNamespaces } from './intake.ts'
import { labelsOf } from './labels.ts'
import {
  exportLabel,
  GATEWAY_ACCOUNT,
  GATEWAY_PORT,
  gatewayProbe,
  linkerdNamespace,
  multiclusterNamespace,
  trustDomain,
} from './linkerd.ts'
import { monitoringNamespace } from './monitoring/names.ts'
import type { Edge } from './network.ts'
import type { PodPlan, ServicePlan } from './plan.ts'

/** A proxy forwards bytes; these hold a few thousand requests a second. */
const proxyResources = {
  'cpu-request': '20m',
  'cpu-limit': '1',
  'memory-request': '32Mi',
  'memory-limit': '128Mi',
}

/** For pods that nobody connects to. */
export const clientAnnotations = {
  'linkerd.io/inject': 'enabled',
  ...Object.fromEntries(
    Object.entries(proxyResources).map(([key, value]) => [`config.linkerd.io/proxy-${key}`, value]),
  ),
}

/**
 * What makes the injector add a proxy to a pod. Past the proxy go: the stores, which are outside the mesh and do not speak
 * HTTP; and the ports of the probes, for a sidecar of the pod must answer them before the proxy's turn to start has come.
 */
export function proxyAnnotations(
  { name, containers, services }: PodPlan,
  edges: Edge[],
): Record<string, string> {
  const open = services.map(({ port }) => port)
  const probed = containers.map(({ adminPort }) => adminPort).filter((port) => !open.includes(port))
  const stores = edges.filter(({ from, to }) => from === name && 'store' in to).map(({ port }) => port)
  const list = (ports: number[]) => [...new Set(ports)].toSorted((a, b) => a - b).join(',')
  return {
    ...clientAnnotations,
    ...(probed.length > 0 ? { 'config.linkerd.io/skip-inbound-ports': list(probed) } : {}),
    ...(stores.length > 0 ? { 'config.linkerd.io/skip-outbound-ports': list(stores) } : {}),
  }
}

type Identity = { kind: 'ServiceAccount' | 'Namespace'; name: string; namespace?: string }

export type MeshProps = { pipeline: string; namespace: string; pods: PodPlan[]; edges: Edge[] }

/** For each port that others reach: a Server, and the identities that it serves. */
export class Mesh extends Chart {
  constructor(scope: Construct, id: string, { pipeline, namespace, pods, edges }: MeshProps) {
    super(scope, id, { namespace, disableResourceNameHashes: true })
    for (const { name: pod, containers, services } of pods)
      for (const service of services) {
        const measured = containers.some(({ adminPort }) => adminPort === service.port)
        const senders = edges
          .filter(({ to, port }) => 'pod' in to && to.pod === pod && port === service.port)
          .map(({ from }): Identity => ({ kind: 'ServiceAccount', name: from }))
        this.admit(service, labelsOf(pod, pipeline), [...senders, ...clientsOf(service, measured)])
      }
  }

  private admit({ name, port, protocol }: ServicePlan, labels: Record<string, string>, who: Identity[]) {
    const metadata = { name }
    const group = 'policy.linkerd.io'
    new Server(this, `server-${name}`, {
      metadata,
      spec: {
        podSelector: { matchLabels: labels },
        port: port,
        proxyProtocol: protocol,
      },
    })
    new MeshTlsAuthentication(this, `clients-${name}`, { metadata, spec: { identityRefs: who } })
    new AuthorizationPolicy(this, `policy-${name}`, {
      metadata,
      spec: {
        targetRef: { group, kind: 'Server', name },
        requiredAuthenticationRefs: [{ group, kind: 'MeshTLSAuthentication', name }],
      },
    })
  }
}

/** Clients that are no hops: the ingress controllers, the other cluster's gateway, and the monitoring where a port has `/metrics`, too. */
function clientsOf({ ingress, exported }: ServicePlan, measured: boolean): Identity[] {
  const spaces = [ingress && controllerNamespaces[ingress], measured && monitoringNamespace]
  const gateway: Identity = {
    kind: 'ServiceAccount',
    name: GATEWAY_ACCOUNT,
    namespace: multiclusterNamespace,
  }
  return [
    ...spaces.flatMap((name): Identity[] => (name ? [{ kind: 'Namespace', name }] : [])),
    ...(exported ? [gateway] : []),
  ]
}

/** What the read API answers at once. `/live` is a WebSocket, and stays open. */
const READ_PATHS = ['/logs', '/events', '/ledger']
const READ_DEADLINE = '5s'

/**
 * Reads end in time, and one that failed is asked again: it changes nothing. Nothing else may be, because the hop that owns
 * a batch retries it.
 */
export class Reads extends Chart {
  constructor(
    scope: Construct,
    id: string,
    namespace: string,
    { name, port }: { name: string; port: number },
  ) {
    super(scope, id, { namespace, disableResourceNameHashes: true })
    const parentRefs = [{ group: '', kind: 'Service', name, port }]
    const backendRefs = [{ name, port }]
    const prefix = (value: string) => ({
      path: { type: HttpRouteSpecRulesMatchesPathType.PATH_PREFIX, value },
    })
    new HttpRoute(this, 'reads', {
      metadata: {
        name: `${name}-reads`,
        annotations: { 'retry.linkerd.io/http': '5xx', 'retry.linkerd.io/limit': '2' },
      },
      spec: {
        parentRefs,
        rules: [{ matches: READ_PATHS.map(prefix), timeouts: { request: READ_DEADLINE }, backendRefs }],
      },
    })
    // Where a Service has routes, what none of them takes is answered 404.
    new HttpRoute(this, 'rest', {
      metadata: { name: `${name}-rest` },
      spec: { parentRefs, rules: [{ matches: [prefix('/')], backendRefs }] },
    })
  }
}

/** Mirrors what the other cluster exports. A person brings the credentials: `linkerd multicluster link-gen`. */
export class ClusterLink extends Chart {
  constructor(scope: Construct, id: string, { other, gateway }: FirstCluster) {
    super(scope, id, { namespace: multiclusterNamespace, disableResourceNameHashes: true })
    new Link(this, 'link', {
      metadata: { name: other },
      spec: {
        targetClusterName: other,
        targetClusterDomain: trustDomain,
        targetClusterLinkerdNamespace: linkerdNamespace,
        clusterCredentialsSecret: `cluster-credentials-${other}`,
        gatewayAddress: gateway,
        gatewayPort: String(GATEWAY_PORT),
        gatewayIdentity: `${GATEWAY_ACCOUNT}.${multiclusterNamespace}.serviceaccount.identity.${linkerdNamespace}.${trustDomain}`,
        probeSpec: { ...gatewayProbe, failureThreshold: '3', timeout: '30s' },
        selector: { matchLabels: exportLabel },
      },
    })
  }
}
