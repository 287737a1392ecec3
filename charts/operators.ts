// What an environment needs beside its own objects: each operator with its Helm chart. Argo CD's Applications and
// `make operators` are both made from this list.
import type { Ingress } from '../pipelines/pipeline.ts'
import { has, type Environment } from './environment.ts'
import { controllerNamespaces } from './intake.ts'
import { linkerdNamespace, multiclusterNamespace, vizNamespace } from './linkerd.ts'
import { kubePrometheusStackValues } from './monitoring/helm-values.ts'
import { monitoringNamespace } from './monitoring/names.ts'
import { kedaNamespace } from './scaling.ts'

export type Values = { [key: string]: unknown }

export type Operator = {
  /** Also of the Helm release. */
  name: string
  chart: string
  /** `oci://` or that of an index. */
  repository: string
  version: string
  namespace: string
  /** Lower ones are healthy before it begins. */
  wave: number
  values?: Values
  /** Its chart makes new certificates at each rendering, which are no difference. */
  makesCertificates?: boolean
  /** Its pods are clients of meshed ones. */
  meshed?: boolean
}

/** Prometheus reads what every namespace has, not only what its own release made. */
const takeAll = Object.fromEntries(
  ['podMonitor', 'serviceMonitor', 'rule', 'probe'].map((kind) => [
    `${kind}SelectorNilUsesHelmValues`,
    false,
  ]),
)

/** Linkerd's edge release that is 2.20. */
const LINKERD = { repository: 'https://helm.linkerd.io/edge', version: '2026.6.3' }

/** In two clusters, the one that sends has a controller that mirrors what the other one exports. */
function multiclusterValues({ cluster }: Environment): Values {
  return cluster?.part === 'first' ? { controllers: [{ link: { ref: { name: cluster.other } } }] } : {}
}

/** A person brings the trust anchor, the same to each cluster, and the issuer's certificate (dist/README.md). */
const identity = {
  identity: { externalCA: true, issuer: { scheme: 'kubernetes.io/tls' } },
  // Without it a pod would need NET_ADMIN, which the pipelines' namespaces refuse.
  cniEnabled: true,
}

const controllers: Record<Ingress, Omit<Operator, 'namespace'>> = {
  nginx: {
    name: 'ingress-nginx',
    chart: 'ingress-nginx',
    repository: 'https://kubernetes.github.io/ingress-nginx',
    version: '4.15.1',
    wave: 2,
    meshed: true,
  },
  contour: {
    name: 'contour',
    chart: 'contour',
    repository: 'https://projectcontour.github.io/helm-charts',
    version: '0.8.0',
    wave: 2,
    meshed: true,
  },
  traefik: {
    name: 'traefik',
    chart: 'traefik',
    repository: 'https://traefik.github.io/charts',
    version: '41.3.0',
    wave: 2,
    meshed: true,
  },
  // First, because it brings the Gateway API, which Linkerd reads, too. Its proxies come with the Gateways, after Linkerd.
  gateway: {
    name: 'envoy-gateway',
    chart: 'gateway-helm',
    repository: 'oci://docker.io/envoyproxy',
    version: 'v1.9.1',
    wave: 0,
    meshed: true,
  },
}

/** The operators of an environment, in the order in which they are installed. */
export function operatorsOf(environment: Environment, ingresses: Set<Ingress>): Operator[] {
  const meshed = has(environment, 'linkerd')
  const operators: (Operator | false)[] = [
    environment.cluster?.part !== 'second' && {
      name: 'strimzi',
      chart: 'strimzi-kafka-operator',
      repository: 'oci://quay.io/strimzi-helm',
      version: '1.2.0',
      namespace: 'strimzi',
      wave: 2,
      // Its roles are made before the namespace of the brokers is.
      values: { watchAnyNamespace: true },
    },
    ...[...ingresses]
      .toSorted()
      .map((word) => ({ ...controllers[word], namespace: controllerNamespaces[word] })),
    !environment.stores.inside && {
      name: 'external-secrets',
      chart: 'external-secrets',
      repository: 'https://charts.external-secrets.io',
      version: '2.9.0',
      namespace: 'external-secrets',
      wave: 2,
    },
    ...(meshed ? linkerdOperators(environment, ingresses) : []),
    has(environment, 'keda') && {
      name: 'keda',
      chart: 'keda',
      repository: 'https://kedacore.github.io/charts',
      version: '2.20.2',
      namespace: kedaNamespace,
      wave: 2,
    },
    has(environment, 'argo-rollouts') && {
      name: 'argo-rollouts',
      chart: 'argo-rollouts',
      repository: 'https://argoproj.github.io/argo-helm',
      version: '2.41.0',
      namespace: 'argo-rollouts',
      wave: 2,
    },
    has(environment, 'vertical-pod-autoscaler') && {
      name: 'vertical-pod-autoscaler',
      chart: 'vertical-pod-autoscaler',
      repository: 'https://kubernetes.github.io/autoscaler',
      version: '0.9.0',
      namespace: 'vertical-pod-autoscaler',
      wave: 2,
      makesCertificates: true,
    },
    {
      name: 'chaos-mesh',
      chart: 'chaos-mesh',
      repository: 'https://charts.chaos-mesh.org',
      version: '2.8.3',
      namespace: 'chaos-mesh',
      wave: 2,
      makesCertificates: true,
      values: {
        chaosDaemon: { runtime: 'containerd', socketPath: '/run/containerd/containerd.sock' },
        // Kernel faults need its module.
        bpfki: { create: true },
      },
    },
    {
      name: 'kube-prometheus-stack',
      chart: 'kube-prometheus-stack',
      repository: 'https://prometheus-community.github.io/helm-charts',
      version: '88.5.3',
      namespace: monitoringNamespace,
      wave: 2,
      values: merge(
        { prometheus: { prometheusSpec: takeAll } },
        meshed
          ? {
              prometheus: {
                prometheusSpec: { podMetadata: { annotations: { 'linkerd.io/inject': 'enabled' } } },
              },
            }
          : {},
        kubePrometheusStackValues(environment),
      ),
    },
    {
      name: 'kepler',
      chart: 'kepler',
      repository: 'oci://quay.io/sustainable_computing_io/charts',
      version: '0.11.4',
      namespace: 'kepler',
      wave: 3,
      values: { serviceMonitor: { enabled: true } },
    },
  ]
  return operators.filter((operator) => operator !== false).toSorted((a, b) => a.wave - b.wave)
}

function linkerdOperators(environment: Environment, ingresses: Set<Ingress>): Operator[] {
  return [
    {
      ...LINKERD,
      name: 'linkerd-crds',
      chart: 'linkerd-crds',
      namespace: linkerdNamespace,
      wave: 0,
      values: { installGatewayAPI: !ingresses.has('gateway') },
    },
    { ...LINKERD, name: 'linkerd-cni', chart: 'linkerd2-cni', namespace: 'linkerd-cni', wave: 0 },
    {
      ...LINKERD,
      name: 'linkerd-control-plane',
      chart: 'linkerd-control-plane',
      namespace: linkerdNamespace,
      wave: 1,
      makesCertificates: true,
      values: identity,
    },
    {
      ...LINKERD,
      name: 'linkerd-viz',
      chart: 'linkerd-viz',
      namespace: vizNamespace,
      wave: 2,
      makesCertificates: true,
    },
    {
      name: 'linkerd-smi',
      chart: 'linkerd-smi',
      repository: 'https://linkerd.github.io/linkerd-smi',
      version: '1.0.4',
      namespace: 'linkerd-smi',
      wave: 2,
    },
    {
      ...LINKERD,
      name: 'linkerd-multicluster',
      chart: 'linkerd-multicluster',
      namespace: multiclusterNamespace,
      wave: 2,
      values: multiclusterValues(environment),
    },
  ]
}

/** Maps within maps are joined; of two other values the later one stays. */
export function merge(...all: Values[]): Values {
  const isMap = (value: unknown): value is Values =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  return all.reduce((sum, values) => {
    const joined: Values = { ...sum }
    for (const [key, value] of Object.entries(values)) {
      const before = joined[key]
      joined[key] = isMap(before) && isMap(value) ? merge(before, value) : value
    }
    return joined
  }, {})
}
