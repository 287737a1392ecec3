import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildBeside } from './beside.ts'
import { checkManifests } from './checks.ts'
import { environments } from './environment.ts'
import { containersOf, podOf, type Container, type Manifest } from './manifest.ts'
import { buildEnvironment } from './synth.ts'

/** By the environment's name; with ` beside` also what is applied on its own. */
const sound = Object.fromEntries(
  environments.flatMap((environment) => {
    const files = buildEnvironment(environment)
    const own = [...files.values()].flat()
    const beside = buildBeside(environment, files, 'https://git.example.com/freshet.git')
    return [
      [environment.name, own] as const,
      [`${environment.name} beside`, [...own, ...beside.values()].flat()] as const,
    ]
  }),
)

for (const name of Object.keys(sound))
  test(`what the charts make for ${name} breaks no rule`, () =>
    assert.deepEqual(checkManifests(sound[name]!), []))

type Cluster = {
  objects: Manifest[]
  get: (kind: string, name: string, namespace?: string) => Manifest
  container: (kind: string, name: string, container: string, namespace?: string) => Container
  remove: (kind: string, name: string, namespace?: string) => void
  copy: (kind: string, name: string, change: (copy: Manifest) => void) => void
}

function copyOf(environment: string): Cluster {
  const objects = structuredClone(sound[environment]!)
  const get: Cluster['get'] = (kind, name, namespace = 'project') => {
    const found = objects.find(
      (object) =>
        object.kind === kind && object.metadata.name === name && object.metadata.namespace === namespace,
    )
    assert.ok(found, `${kind} ${namespace}/${name} is made`)
    return found
  }
  return {
    objects,
    get,
    container: (kind, name, container, namespace) => {
      const found = containersOf(podOf(get(kind, name, namespace))!.spec).find(
        (each) => each.name === container,
      )
      assert.ok(found, container)
      return found
    },
    remove: (...wanted) => void objects.splice(objects.indexOf(get(...wanted)), 1),
    copy: (kind, name, change) => {
      const copy = structuredClone(get(kind, name))
      change(copy)
      objects.push(copy)
    },
  }
}

/** Each breaks one rule in what the charts make, and names the mistake that synth must then report, and no other. */
const broken: [rule: string, breakIt: (cluster: Cluster) => void, mistake: RegExp, environment?: string][] = [
  [
    'no two objects have one name',
    ({ copy }) => copy('ServiceAccount', 'intake', () => {}),
    /^ServiceAccount project\/intake: metadata\.name is given twice/,
  ],
  [
    'a Service selects a pod',
    ({ get }) => (get('Service', 'query').spec.selector['app.kubernetes.io/name'] = 'nobody'),
    /^Service project\/query: spec\.selector selects no pod/,
  ],
  [
    'a PodMonitor finds a port',
    ({ get }) => (get('PodMonitor', 'weather', 'monitoring').spec.podMetricsEndpoints[0].port = 'nowhere'),
    /^PodMonitor monitoring\/weather: its selector finds no port "nowhere" in project/,
  ],
  [
    'a ServiceMonitor finds a Service',
    ({ get }) =>
      (get('ServiceMonitor', 'weather-exporters', 'monitoring').spec.namespaceSelector.matchNames = [
        'covid',
      ]),
    /^ServiceMonitor monitoring\/weather-exporters: its selector finds no port "metrics" in covid/,
  ],
  [
    "a Service's target port is a container's",
    ({ get }) => (get('Service', 'query').spec.ports[0].targetPort = 8_099),
    /^Service project\/query: spec\.ports\[0\]\.targetPort 8099 is no port of Deployment project\/query/,
  ],
  [
    "no two containers of a pod have one port's name",
    ({ container }) => (container('Deployment', 'intake', 'api').ports![1]!.name = 'admin'),
    /^(Deployment project\/intake: containers\[\]\.ports\[\]\.name "admin" is given twice|PodMonitor monitoring\/weather: .* no port "admin-3")/,
  ],
  [
    'the backend of an Ingress exists',
    ({ get }) => (get('Ingress', 'api').spec.rules[0].http.paths[0].backend.service.name = 'apj'),
    /^Ingress project\/api: spec\.rules\[\].* names the Service "apj"/,
  ],
  [
    'the backend of an HTTPProxy has the port',
    ({ get }) => (get('HTTPProxy', 'query', 'covid').spec.routes[0].services[0].port = 1),
    /^HTTPProxy covid\/query: spec\.routes\[\]\.services\[\] wants port 1 of Service covid\/query, which has 8081/,
  ],
  [
    'the backend of an IngressRoute exists',
    ({ get }) => (get('IngressRoute', 'client', 'so1-proyecto2').spec.routes[0].services[0].name = 'cliént'),
    /^IngressRoute so1-proyecto2\/client: .* names the Service "cliént"/,
  ],
  [
    'the backend of an HTTPRoute has the port',
    ({ get }) => (get('HTTPRoute', 'api', 'predictions').spec.rules[0].backendRefs[0].port = 2),
    /^HTTPRoute predictions\/api: .* wants port 2/,
  ],
  [
    'the Gateway of an HTTPRoute exists',
    ({ remove }) => remove('Gateway', 'api', 'predictions'),
    /^HTTPRoute predictions\/api: spec\.parentRefs\[\] names the Gateway "api"/,
  ],
  [
    'something makes the Secret of a variable',
    ({ remove }) => remove('ExternalSecret', 'mongodb'),
    /^Deployment project\/(archiver|query|mongodb-exporter): containers\[[\w-]+\]\.env\[MONGODB_HOSTS\] names the Secret "mongodb"/,
    'cloud',
  ],
  [
    'something makes the Secret of a volume',
    ({ remove }) => remove('ExternalSecret', 'votes-kafka', 'so1-proyecto2'),
    /^Deployment so1-proyecto2\/[\w-]+: spec\.volumes\[kafka\] names the Secret "votes-kafka"/,
    'cloud',
  ],
  [
    'the secret of an argument is mounted where the program looks',
    ({ container }) => (container('Deployment', 'archiver', 'archiver')['volumeMounts'] = []),
    /^Deployment project\/archiver: containers\[archiver\]\.args kafka:.* no volume is mounted at \/etc\/freshet\/secrets\/kafka/,
    'cloud',
  ],
  [
    'the ConfigMap of a volume exists',
    ({ get }) =>
      (podOf(get('Deployment', 'query'))!.spec.volumes = [{ name: 'page', configMap: { name: 'page' } }]),
    /^Deployment project\/query: spec\.volumes\[page\] names the ConfigMap "page"/,
  ],
  [
    'the ServiceAccount of a pod exists',
    ({ remove }) => remove('ServiceAccount', 'repair'),
    /^Deployment project\/repair: spec\.serviceAccountName names "repair"/,
  ],
  [
    'the namespace of an object exists',
    ({ copy }) => copy('ServiceAccount', 'repair', ({ metadata }) => (metadata.namespace = 'elsewhere')),
    /^ServiceAccount elsewhere\/repair: metadata\.namespace "elsewhere" is missing/,
  ],
  [
    'an image is that of a release',
    ({ container }) => (container('Deployment', 'query', 'query').image = 'freshet:latest'),
    /^Deployment project\/query: containers\[query\]\.image "freshet:latest" is not pinned/,
  ],
  [
    'an image without a tag is not pinned',
    ({ container }) => (container('StatefulSet', 'redis', 'redis').image = 'registry.example.com:5000/redis'),
    /^StatefulSet project\/redis: containers\[redis\]\.image .* is not pinned/,
  ],
  [
    'a sidecar has limits as any container',
    ({ container }) => delete container('Deployment', 'intake', 'publisher').resources!.limits!['memory'],
    /^Deployment project\/intake: containers\[publisher\]\.resources\.limits\.memory is missing/,
  ],
  [
    'a probe asks a port of its container',
    ({ container }) =>
      (container('Deployment', 'intake', 'api')['readinessProbe'] = { httpGet: { port: 9_101 } }),
    /^Deployment project\/intake: containers\[api\]\.readinessProbe asks port 9101/,
  ],
  [
    'a container is as PodSecurity restricted wants it',
    ({ container }) =>
      (container('Deployment', 'intake', 'live-writer')['securityContext'] = {
        ...(container('Deployment', 'intake', 'live-writer')['securityContext'] as object),
        allowPrivilegeEscalation: true,
      }),
    /^Deployment project\/intake: containers\[live-writer\]\.securityContext\.allowPrivilegeEscalation must be false/,
  ],
  [
    'the target of a scaler exists',
    ({ get }) => (get('HorizontalPodAutoscaler', 'intake').spec.scaleTargetRef.name = 'intakes'),
    /^HorizontalPodAutoscaler project\/intake: its target, Deployment "intakes", is missing/,
  ],
  [
    'one scaler has a target to itself',
    ({ copy }) => copy('HorizontalPodAutoscaler', 'intake', ({ metadata }) => (metadata.name = 'second')),
    /^HorizontalPodAutoscaler project\/second: HorizontalPodAutoscaler project\/intake scales Deployment project\/intake already/,
  ],
  [
    'a disruption budget selects a pod',
    ({ get }) => (get('PodDisruptionBudget', 'query').spec.selector.matchLabels = { app: 'nobody' }),
    /^PodDisruptionBudget project\/query: spec\.selector selects no pod/,
  ],
  [
    'the topic of an argument exists',
    ({ remove }) => remove('KafkaTopic', 'messages', 'kafka'),
    /^Deployment project\/\w+: containers\[[\w-]+\]\.args names the topic "messages"/,
  ],
  [
    'readers do not outnumber partitions',
    ({ get }) => (get('Deployment', 'archiver').spec.replicas = 4),
    /^Deployment project\/archiver: containers\[archiver\]\.args reads "messages" with up to 4 pods, but it has 3/,
  ],
  [
    'a scaler does not let readers outnumber partitions',
    ({ get }) => (get('ScaledObject', 'consumer', 'predictions').spec.maxReplicaCount = 5),
    /^Deployment predictions\/consumer: .* reads "predictions" with up to 5 pods, but it has 4/,
    'cloud',
  ],
  [
    'a policy lets a sender out',
    ({ get }) => (get('NetworkPolicy', 'consumer', 'predictions').spec.egress = []),
    /^Deployment predictions\/consumer: containers\[\w+\]\.args .*: no policy of its namespace lets the pod out to port \d+/,
  ],
  [
    'a policy lets what is sent in',
    ({ get }) => (get('NetworkPolicy', 'live-writer', 'predictions').spec.ingress = []),
    /^Deployment predictions\/(consumer: containers\[relay\]\.args grpc:\/\/live-writer:50052|query: containers\[query\]\.args http:\/\/live-writer-health:9101\?.*): no policy lets it in on port (50052|9101)/,
  ],
  [
    'a policy lets a pod out to databases outside the cluster',
    ({ get }) => (get('NetworkPolicy', 'repair').spec.egress[1].ports[0].port = 6_380),
    /^Deployment project\/repair: .*redis:\/\/\$\(REDIS_HOST\): no policy of its namespace lets the pod out to port 6379/,
    'cloud',
  ],
  [
    'an argument names a Service that exists',
    ({ remove }) => remove('Service', 'redis'),
    /^Deployment project\/[\w-]+: .*redis:\/\/redis:6379 names the Service "redis" of project, which is missing/,
  ],
  [
    'nothing states replicas beside a scaler',
    ({ get }) => (get('Deployment', 'archiver').spec.replicas = 2),
    /^Deployment project\/archiver: spec\.replicas is set, but ScaledObject project\/archiver decides/,
    'cloud',
  ],
  [
    'a scaler by lag and one by CPU do not share a target',
    ({ copy }) =>
      copy('HorizontalPodAutoscaler', 'intake', ({ metadata, spec }) => {
        metadata.name = 'second'
        spec.scaleTargetRef.name = 'archiver'
        spec.maxReplicas = 3
      }),
    /^HorizontalPodAutoscaler project\/second: ScaledObject project\/archiver scales Deployment project\/archiver already/,
    'cloud',
  ],
  [
    'a vertical scaler only gives advice beside another',
    ({ get }) => (get('VerticalPodAutoscaler', 'intake').spec.updatePolicy.updateMode = 'Recreate'),
    /^VerticalPodAutoscaler project\/intake: HorizontalPodAutoscaler project\/intake scales Deployment project\/intake already/,
    'cloud',
  ],
  [
    'the target of a vertical scaler exists',
    ({ get }) => (get('VerticalPodAutoscaler', 'query', 'covid').spec.targetRef.kind = 'Deployment'),
    /^VerticalPodAutoscaler covid\/query: its target, Deployment "query", is missing/,
    'cloud',
  ],
  [
    'a scaler by lag counts what its target reads',
    ({ get }) => (get('ScaledObject', 'repair').spec.triggers[0].metadata.consumerGroup = 'archiver'),
    /^ScaledObject project\/repair: spec\.triggers\[0\] counts the lag of "archiver" in "messages", which its target does not read/,
    'cloud',
  ],
  [
    'what a scaler by lag shows the broker exists',
    ({ remove }) => remove('TriggerAuthentication', 'repair'),
    /^ScaledObject project\/repair: spec\.triggers\[0\]\.authenticationRef names "repair", which is missing/,
    'cloud',
  ],
  [
    'the Services of a Rollout exist',
    ({ remove }) => remove('Service', 'query-preview', 'covid'),
    /^Rollout covid\/query: spec\.strategy\.blueGreen\.previewService names the Service "query-preview"/,
    'cloud',
  ],
  [
    'the analysis of a Rollout exists',
    ({ remove }) => remove('AnalysisTemplate', 'intake-grpc', 'covid'),
    /^Rollout covid\/intake-grpc: spec\.strategy.*templates\[\] names the AnalysisTemplate "intake-grpc"/,
    'cloud',
  ],
  [
    'a Rollout has an analysis',
    ({ get }) => delete get('Rollout', 'query', 'covid').spec.strategy.blueGreen.postPromotionAnalysis,
    /^Rollout covid\/query: spec\.strategy has no analysis/,
    'cloud',
  ],
  [
    'the Services of a TrafficSplit exist',
    ({ get }) => (get('TrafficSplit', 'api-pubsub', 'covid').spec.backends[1].service = 'api-pubsub-nightly'),
    /^TrafficSplit covid\/api-pubsub: spec\.backends\[1\]\.service names the Service "api-pubsub-nightly"/,
    'cloud',
  ],
  [
    'a Server of the mesh selects a pod',
    ({ get }) => (get('Server', 'api').spec.podSelector.matchLabels = { app: 'nobody' }),
    /^Server project\/api: spec\.podSelector selects no pod/,
    'cloud',
  ],
  [
    'the port of a Server is that of its pods',
    ({ get }) => (get('Server', 'api').spec.port = 8_099),
    /^Server project\/api: spec\.port 8099 is no port of Deployment project\/intake/,
    'cloud',
  ],
  [
    'the pods of a Server have a proxy',
    ({ get }) =>
      (get('Deployment', 'intake').spec.template.metadata.annotations['linkerd.io/inject'] = 'disabled'),
    /^Server project\/api: Deployment project\/intake takes port 8080 past the proxy/,
    'cloud',
  ],
  [
    'what a Server guards does not go past the proxy',
    ({ get }) =>
      (get('Deployment', 'query').spec.template.metadata.annotations['config.linkerd.io/skip-inbound-ports'] =
        '8081'),
    /^Server project\/query: Deployment project\/query takes port 8081 past the proxy/,
    'cloud',
  ],
  [
    'somebody may connect to a Server',
    ({ remove }) => remove('AuthorizationPolicy', 'api'),
    /^(Server project\/api: no AuthorizationPolicy lets anybody in|Deployment project\/query: .* http:\/\/api:8080\?hop=api: no AuthorizationPolicy)/,
    'cloud',
  ],
  [
    'the identities of a policy exist',
    ({ remove }) => remove('MeshTLSAuthentication', 'api'),
    /^(AuthorizationPolicy project\/api: spec\.requiredAuthenticationRefs\[\] names MeshTLSAuthentication "api"|Deployment project\/query: .* http:\/\/api:8080\?hop=api: no AuthorizationPolicy)/,
    'cloud',
  ],
  [
    'the accounts of an identity exist',
    ({ get }) =>
      get('MeshTLSAuthentication', 'writer', 'covid').spec.identityRefs.push({
        kind: 'ServiceAccount',
        name: 'nobody',
      }),
    /^MeshTLSAuthentication covid\/writer: spec\.identityRefs\[\] names the ServiceAccount "nobody"/,
    'cloud',
  ],
  [
    'the mesh lets a sender in',
    ({ get }) =>
      (get('MeshTLSAuthentication', 'live-writer', 'predictions').spec.identityRefs = [
        { kind: 'ServiceAccount', name: 'intake' },
      ]),
    /^Deployment predictions\/consumer: .*grpc:\/\/live-writer:50052: no AuthorizationPolicy lets its ServiceAccount in on port 50052/,
    'cloud',
  ],
  [
    'a Service of the other cluster is linked',
    ({ remove }) => remove('Link', 'west', 'linkerd-multicluster'),
    /^Deployment predictions\/consumer: .*grpc:\/\/live-writer-west:50052 names the Service "live-writer-west" of predictions, which is missing/,
    'east',
  ],
  [
    'a policy lets a pod out to the gateway of the other cluster',
    ({ get }) => {
      const { spec } = get('NetworkPolicy', 'consumer', 'predictions')
      spec.egress = spec.egress.filter(
        ({ ports }: { ports: { port: number }[] }) => !ports.some(({ port }) => port === 4_143),
      )
    },
    /^Deployment predictions\/consumer: .*grpc:\/\/live-writer-west:50052: no policy of its namespace lets the pod out to port 4143/,
    'east',
  ],
  [
    'a proxy is let out to its control plane',
    ({ get }) => {
      const { spec } = get('NetworkPolicy', 'archiver')
      spec.egress = spec.egress.filter(
        ({ ports }: { ports: { port: number }[] }) => !ports.some(({ port }) => port === 8_086),
      )
    },
    /^Deployment project\/archiver: no policy of its namespace lets its proxy out to linkerd on port 8080, 8086, 8090/,
    'cloud',
  ],
  [
    'only routes to the read API are repeated',
    ({ get }) => {
      const route = get('HTTPRoute', 'query-reads')
      route.spec.rules[0].backendRefs = [{ name: 'api', port: 8_080 }]
    },
    /^HTTPRoute project\/query-reads: metadata\.annotations\[retry\.linkerd\.io\/(http|limit)\] sends events again/,
    'cloud',
  ],
  [
    'an experiment hits a pod',
    ({ get }) =>
      (get('Schedule', 'intake-pod-kill').spec.podChaos.selector.labelSelectors = { app: 'nobody' }),
    /^Schedule project\/intake-pod-kill: spec\.podChaos\.selector selects no pod/,
    'laptop beside',
  ],
  [
    'an experiment says whom it hits',
    ({ get }) => delete get('Schedule', 'redis-pod-kill').spec.podChaos.selector.labelSelectors,
    /^Schedule project\/redis-pod-kill: spec\.podChaos\.selector selects no pod/,
    'laptop beside',
  ],
  [
    'the other side of a partition exists',
    ({ get }) =>
      (get('Schedule', 'archiver-partition').spec.networkChaos.target.selector.namespaces = ['elsewhere']),
    /^Schedule project\/archiver-partition: spec\.networkChaos\.target\.selector selects no pod/,
    'laptop beside',
  ],
  [
    'an experiment kills a container that is no sidecar',
    ({ get }) => get('Schedule', 'intake-container-kill').spec.podChaos.containerNames.push('publisher'),
    /^Schedule project\/intake-container-kill: spec\.podChaos\.containerNames: "publisher" is no container/,
    'laptop beside',
  ],
  [
    'the experiments of a Workflow hit pods',
    ({ get }) =>
      get('Workflow', 'weather').spec.templates.forEach(
        (template: { stressChaos?: { selector: { namespaces: string[] } } }) => {
          if (template.stressChaos) template.stressChaos.selector.namespaces = ['elsewhere']
        },
      ),
    /^Workflow project\/weather: spec\.templates\[[\w-]+-stress\]\.stressChaos\.(selector selects no pod|containerNames)/,
    'laptop beside',
  ],
  [
    'the steps of a Workflow exist',
    ({ get }) => get('Workflow', 'weather').spec.templates[0].children.push('nothing'),
    /^Workflow project\/weather: spec\.templates has no "nothing"/,
    'laptop beside',
  ],
  [
    'an experiment of a Workflow is followed by its hypothesis',
    ({ get }) => {
      const [entry] = get('Workflow', 'weather').spec.templates
      entry.children = entry.children.filter((name: string) => name !== 'query-pod-kill-holds')
    },
    /^Workflow project\/weather: spec\.templates\[query-pod-kill\] is followed by no StatusCheck/,
    'laptop beside',
  ],
  [
    'the load is let out',
    ({ remove }) => remove('NetworkPolicy', 'loadtest-api'),
    /^Job project\/loadtest-api: containers\[run\]\.args http:\/\/api:8080: no policy of its namespace lets the pod out/,
    'laptop beside',
  ],
  [
    'the load is let in',
    ({ remove }) => remove('NetworkPolicy', 'loadtest-api-in'),
    /^Job project\/loadtest-api: containers\[run\]\.args http:\/\/api:8080: no policy lets it in on port 8080/,
    'laptop beside',
  ],
  [
    'the mesh lets the load in',
    ({ remove }) => remove('AuthorizationPolicy', 'loadtest-api'),
    /^Job project\/loadtest-api: .* no AuthorizationPolicy lets its ServiceAccount in on port 8080/,
    'cloud beside',
  ],
  [
    'the rows of the load exist',
    ({ remove }) => remove('ConfigMap', 'loadtest'),
    /^Job project\/loadtest-api: spec\.volumes\[rows\] names the ConfigMap "loadtest"/,
    'laptop beside',
  ],
  [
    'no route sends events again',
    ({ get }) => (get('HTTPRoute', 'api', 'predictions').spec.rules[0].retry = { attempts: 2 }),
    /^HTTPRoute predictions\/api: spec\.rules\[0\]\.retry sends events again/,
  ],
  [
    'no proxy sends events again by default',
    ({ get }) =>
      delete get('Ingress', 'api').metadata.annotations!['nginx.ingress.kubernetes.io/proxy-next-upstream'],
    /^Ingress project\/api: metadata\.annotations\[nginx.*proxy-next-upstream\], which is not "off", sends events again/,
  ],
  [
    'no mesh sends events again',
    ({ copy }) =>
      copy('Service', 'api', (service) => {
        Object.assign(service.metadata, { name: 'meshed', annotations: { 'retry.linkerd.io/http': '5xx' } })
      }),
    /^Service project\/meshed: metadata\.annotations\[retry\.linkerd\.io\/http\] sends events again/,
  ],
]

for (const [rule, breakIt, mistake, environment = 'laptop'] of broken)
  test(`synth fails unless ${rule}`, () => {
    const cluster = copyOf(environment)
    breakIt(cluster)
    const mistakes = checkManifests(cluster.objects)
    assert.notEqual(mistakes.length, 0)
    for (const found of mistakes) assert.match(found, mistake)
  })
