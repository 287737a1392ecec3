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
    urls: ['gatewayclasses', 'gateways', 'httproutes'].map((file) =>
      raw(`kubernetes-sigs/gateway-api/v1.6.1/config/crd/standard/gateway.networking.k8s.io_${file}.yaml`),
    ),
    kinds: ['GatewayClass', 'Gateway', 'HTTPRoute'],
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
    project: 'argo-cd',
    release: 'v3.5.1',
    urls: ['application', 'appproject'].map((file) =>
      raw(`argoproj/argo-cd/v3.5.1/manifests/crds/${file}-crd.yaml`),
    ),
    kinds: ['Application', 'AppProject'],
    open: [
      'operation',
      'spec.sources',
      'spec.sourceHydrator',
      'spec.source.{kustomize,plugin}',
      'spec.source.directory.jsonnet',
      'spec.source.helm.{valuesObject,parameters,fileParameters}',
      'spec.{roles,signatureKeys,sourceIntegrity,syncWindows,orphanedResources}',
      'spec.destinationServiceAccounts',
    ],
  },
  {
    project: 'argo-rollouts',
    release: 'v1.9.1',
    urls: ['rollout', 'analysis-template'].map((file) =>
      raw(`argoproj/argo-rollouts/v1.9.1/manifests/crds/${file}-crd.yaml`),
    ),
    kinds: ['Rollout', 'AnalysisTemplate'],
    open: [
      'spec.{template,selector,analysis,dryRun,measurementRetention}',
      'spec.strategy.*.{antiAffinity,trafficRouting,analysis,*Metadata}',
      'spec.strategy.canary.steps.{experiment,plugin,setMirrorRoute,setHeaderRoute,setCanaryScale}',
      'spec.args.valueFrom',
      'spec.metrics.provider',
    ],
  },
  {
    project: 'linkerd',
    release: 'version-2.20',
    urls: ['cli/cmd/testdata/install_crds.golden', 'multicluster/cmd/testdata/install_default.golden'].map(
      (file) => raw(`linkerd/linkerd2/version-2.20/${file}`),
    ),
    kinds: ['Server', 'AuthorizationPolicy', 'MeshTLSAuthentication', 'Link'],
    open: ['spec.*elector'],
  },
  {
    project: 'linkerd-smi',
    release: 'v0.2.7',
    urls: [raw('linkerd/linkerd-smi/v0.2.7/charts/linkerd-smi/templates/trafficsplit-crd.yaml')],
    kinds: ['TrafficSplit'],
    open: [],
  },
  {
    project: 'chaos-mesh',
    release: 'v2.8.3',
    urls: ['podchaos', 'networkchaos', 'kernelchaos', 'stresschaos', 'schedules', 'workflows'].map((file) =>
      raw(`chaos-mesh/chaos-mesh/v2.8.3/helm/chaos-mesh/crds/chaos-mesh.org_${file}.yaml`),
    ),
    kinds: ['PodChaos', 'NetworkChaos', 'KernelChaos', 'StressChaos', 'Schedule', 'Workflow'],
    open: [
      // An experiment is typed by its own kind.
      'spec.*{Chaos,chaos}',
      'spec.{workflow,bandwidth,corrupt,duplicate,rate}',
      'spec.templates.*{Chaos,chaos}',
      'spec.templates.{schedule,task}',
      'spec.*.{expressionSelectors,nodeSelectors,nodes,physicalMachines,pods}',
      'spec.target.selector.{expressionSelectors,nodeSelectors,nodes,physicalMachines,pods}',
    ],
  },
  {
    project: 'keda',
    release: 'v2.20.2',
    urls: ['scaledobjects', 'triggerauthentications'].map((file) =>
      raw(`kedacore/keda/v2.20.2/config/crd/bases/keda.sh_${file}.yaml`),
    ),
    kinds: ['ScaledObject', 'TriggerAuthentication'],
    open: [
      'spec.{azureKeyVault,awsSecretManager,gcpSecretManager,hashiCorpVault,boundServiceAccountToken}',
      'spec.{configMapTargetRef,env,podIdentity,filePath}',
      'spec.advanced.scalingModifiers',
      'spec.advanced.horizontalPodAutoscalerConfig.behavior',
    ],
  },
  {
    project: 'vertical-pod-autoscaler',
    release: 'vertical-pod-autoscaler/v1.7.1',
    urls: [
      raw(
        'kubernetes/autoscaler/vertical-pod-autoscaler/v1.7.1/vertical-pod-autoscaler/deploy/vpa-v1-crd-gen.yaml',
      ),
    ],
    kinds: ['VerticalPodAutoscaler'],
    open: ['spec.resourcePolicy.containerPolicies.{minAllowed,maxAllowed}'],
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
