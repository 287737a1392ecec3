// The custom resources that the charts use, and where their definitions come from. `make imports` writes typed classes
// for them into imports/.

export type CrdSource = {
  /** The folder of the definitions in `CRDS=`, and the project's name. */
  project: string
  release: string
  /** The project's own files of that release. */
  urls: string[]
  kinds: string[]
  /**
   * Fields that are typed as `any`, because their schema is large (a pod's template, every provider of secrets there is)
   * and kubeconform checks it anyway; `*` is one step.
   */
  open: string[]
}

const raw = (path: string) => `https://raw.githubusercontent.com/${path}`

export const crdSources: CrdSource[] = [
  {
    project: 'strimzi',
    release: '1.2.0',
    urls: ['0-Crd-kafka', '3-Crd-kafkatopic', '4-Crd-kafkauser', '5-Crd-kafkanodepool'].map((file) =>
      raw(`strimzi/strimzi-kafka-operator/1.2.0/packaging/install/cluster-operator/04${file}.yaml`),
    ),
    kinds: ['Kafka', 'KafkaNodePool', 'KafkaTopic', 'KafkaUser'],
    open: [
      'spec.template',
      'spec.*.template',
      'spec.jvmOptions',
      'spec.kafka.jvmOptions',
      'spec.kafka.rack',
      'spec.kafka.tieredStorage',
      'spec.kafka.listeners.configuration',
      'spec.entityOperator.topicOperator.*Probe',
      'spec.entityOperator.userOperator.*Probe',
      'spec.cruiseControl',
      'spec.kafkaExporter',
    ],
  },
  {
    project: 'contour',
    release: 'v1.33.6',
    urls: [raw('projectcontour/contour/v1.33.6/examples/contour/01-crds.yaml')],
    kinds: ['HTTPProxy'],
    open: ['spec.tcpproxy', 'spec.virtualhost.authorization', 'spec.virtualhost.jwtProviders'],
  },
  {
    project: 'traefik',
    release: 'v41.3.0',
    urls: [raw('traefik/traefik-helm-chart/v41.3.0/traefik/crds/traefik.io_ingressroutes.yaml')],
    kinds: ['IngressRoute'],
    open: [],
  },
  {
    project: 'gateway-api',
    release: 'v1.6.1',
    urls: ['gateways', 'httproutes'].map((file) =>
      raw(`kubernetes-sigs/gateway-api/v1.6.1/config/crd/standard/gateway.networking.k8s.io_${file}.yaml`),
    ),
    kinds: ['Gateway', 'HTTPRoute'],
    open: ['spec.rules.filters', 'spec.rules.backendRefs.filters', 'spec.tls'],
  },
  {
    project: 'external-secrets',
    release: 'v2.9.0',
    urls: ['externalsecrets', 'secretstores'].map((file) =>
      raw(`external-secrets/external-secrets/v2.9.0/config/crds/bases/external-secrets.io_${file}.yaml`),
    ),
    kinds: ['ExternalSecret', 'SecretStore'],
    open: ['spec.provider.*', 'spec.target.template', 'spec.dataFrom', 'spec.data.sourceRef'],
  },
  {
    project: 'prometheus-operator',
    release: 'v0.93.0',
    urls: ['podmonitors', 'prometheusrules', 'servicemonitors'].map((file) =>
      raw(
        `prometheus-operator/prometheus-operator/v0.93.0/example/prometheus-operator-crd/monitoring.coreos.com_${file}.yaml`,
      ),
    ),
    kinds: ['PodMonitor', 'PrometheusRule', 'ServiceMonitor'],
    open: [
      'spec.*Endpoints.tlsConfig',
      'spec.endpoints.tlsConfig',
      'spec.*.authorization',
      'spec.*.basicAuth',
      'spec.*.oauth2',
      'spec.*.bearerTokenSecret',
    ],
  },
]
