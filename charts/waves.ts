// The order within a folder: Argo CD waits until a wave is healthy before it begins the next. `kubectl apply` needs none.
import type { Manifest } from './manifest.ts'

const ANNOTATION = 'argocd.argoproj.io/sync-wave'

/** The rest comes at 0. */
const waves: Record<string, number> = {
  Namespace: -5,
  GatewayClass: -4,
  ServiceAccount: -4,
  Role: -4,
  RoleBinding: -4,
  NetworkPolicy: -4,
  SecretStore: -3,
  KafkaNodePool: -3,
  Kafka: -3,
  KafkaTopic: -2,
  KafkaUser: -2,
  ExternalSecret: -2,
  Server: -2,
  MeshTLSAuthentication: -2,
  AuthorizationPolicy: -2,
  AnalysisTemplate: -2,
  // The databases' own Services come with them: without endpoints they are healthy.
  StatefulSet: -1,
  HorizontalPodAutoscaler: 1,
  ScaledObject: 1,
  VerticalPodAutoscaler: 1,
  TrafficSplit: 1,
  Ingress: 1,
  HTTPProxy: 1,
  IngressRoute: 1,
  Gateway: 1,
  HTTPRoute: 1,
}

/** Adds its wave to an object. */
export function withWave(object: Manifest): Manifest {
  const wave = waves[object.kind]
  if (wave === undefined) return object
  const { annotations, ...metadata } = object.metadata
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [ANNOTATION]: String(wave) } } }
}
