// dist/README.md: every object with its purpose, and what each folder asks of the nodes.
import { add, demandOf, nothing, type Demand } from './budget.ts'
import type { Environment } from './environment.ts'
import type { Manifest } from './manifest.ts'
import type { Files } from './synth.ts'

/** What a kind is for, where the object does not say it itself. */
const purposes: Record<string, string> = {
  Namespace: 'takes only restricted pods',
  ServiceAccount: 'who a pod is; no token is mounted',
  PodDisruptionBudget: 'a drain takes one pod at a time',
  KafkaTopic: 'a log, or what could not be stored of one',
  KafkaUser: 'what a pipeline may read and write',
  Kafka: 'the brokers',
  KafkaNodePool: 'their machines and volumes',
  SecretStore: 'where Secrets are read',
  Role: 'which Secrets may be read',
  RoleBinding: 'by whom',
  Gateway: 'a listener of the Gateway controller',
  GatewayClass: 'which controller serves the Gateways',
  TriggerAuthentication: 'what KEDA shows the broker',
  AnalysisTemplate: 'what a new version must hold',
  Server: 'a port that the mesh guards',
  MeshTLSAuthentication: 'who they are that may connect to it',
  AuthorizationPolicy: 'lets them',
}

function purposeOf({ kind, metadata, spec }: Manifest): string {
  const own = metadata.annotations?.['freshet.dev/purpose']
  if (own) return own
  switch (kind) {
    case 'Service':
      if (spec.publishNotReadyAddresses) return 'how its pods are, for the page; headless'
      return `port ${spec.ports[0].port}${spec.clusterIP === 'None' ? ', headless' : ''}`
    case 'HorizontalPodAutoscaler':
      return `${spec.minReplicas} to ${spec.maxReplicas} pods at ${spec.metrics[0].resource.target.averageUtilization} % CPU`
    case 'NetworkPolicy':
      return metadata.name === 'deny-all'
        ? 'nothing passes that no other policy lets through'
        : `who ${metadata.name} talks with`
    case 'ExternalSecret':
      return `makes the Secret of ${Object.keys(spec.target).length > 0 ? spec.target.name : metadata.name}`
    case 'Ingress':
      return `http://${spec.rules[0].host}/`
    case 'HTTPProxy':
      return `http://${spec.virtualhost.fqdn}/`
    case 'IngressRoute':
      return `${spec.routes[0].match}`.replace(/^Host\(`(.*)`\)$/, 'http://$1/')
    case 'HTTPRoute':
      if (spec.hostnames) return `http://${spec.hostnames[0]}/`
      return spec.rules[0].timeouts ? 'reads that end in time, and are asked again' : 'the other paths'
    case 'ScaledObject':
      return `${spec.minReplicaCount} to ${spec.maxReplicaCount} pods at a lag of ${spec.triggers[0].metadata.lagThreshold} records each`
    case 'VerticalPodAutoscaler':
      return spec.updatePolicy.updateMode === 'Off' ? 'advice on memory' : 'the memory of new pods'
    case 'TrafficSplit':
      return spec.backends
        .map(({ service, weight }: { service: string; weight: number }) => `${service} ${weight} ‰`)
        .join(', ')
    case 'Link':
      return `mirrors what ${spec.targetClusterName} exports`
    case 'Application':
      return spec.source.chart
        ? `chart ${spec.source.chart} ${spec.source.targetRevision}`
        : `folder ${spec.source.path}`
    case 'AppProject':
      return spec.description
    default:
      return purposes[kind] ?? ''
  }
}

const show = ({ cpuMillis, memoryMiB }: Demand) => `${cpuMillis}m | ${memoryMiB} MiB`

/** What an environment asks for, folder by folder, and in all. */
export function sumFolders(files: Files): {
  folders: Map<string, ReturnType<typeof demandOf>>
  atRest: Demand
  atMost: Demand
} {
  const byFolder = new Map<string, Manifest[]>()
  for (const [path, objects] of files) {
    const folder = path.split('/')[0]!
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), ...objects])
  }
  const folders = new Map([...byFolder].map(([folder, objects]) => [folder, demandOf(objects)]))
  const sum = (which: 'atRest' | 'atMost') =>
    [...folders.values()].reduce((all, each) => add(all, each[which]), nothing)
  return { folders, atRest: sum('atRest'), atMost: sum('atMost') }
}

/** The text of dist/README.md. */
export function listContents(
  all: { environment: Environment; files: Files; beside: Files }[],
  cloudRun: Files,
): string {
  const lines = [
    '# dist',
    '',
    'Written by `make synth`; do not edit. `kubectl apply --server-side -R -f dist/laptop` brings all of an environment. The',
    'operators come first: `make operators ENV=laptop`. Or Argo CD does both: `make synth REPO_URL=…`, commit, push,',
    'and `kubectl apply --server-side -f dist/gitops/laptop/bootstrap.yaml` where Argo CD is installed.',
    '',
    'Beside the environments, and applied only on their own:',
    '',
    '| folder | what |',
    '|---|---|',
    '| chaos | experiments of Chaos Mesh: a Schedule each, and a Workflow of all, each with its hypothesis |',
    '| loadtest | a Job that loads each intake, with its rows; delete a file before it is applied again |',
    '| cloud-run | the page and the read API outside the clusters: `gcloud run services replace <file>` |',
    '| gitops | Applications of Argo CD: one for each operator and each folder, in waves |',
    '',
    '`east` and `west` are the two clusters of the pipelines that are spread over two; `cloud` has the same in one.',
    '',
    'No Secret is here. In `cloud`, somebody who may writes the addresses of the databases, and External Secrets brings them',
    'to each pipeline:',
    '',
    '    kubectl -n databases create secret generic weather-redis --from-literal=address=10.0.0.5:6379',
    '    kubectl -n databases create secret generic weather-mongodb --from-literal=address=10.0.0.6:27017',
    '',
    'Where there is Linkerd, somebody brings its identity, the same trust anchor to every cluster, and to `east` the right to',
    'read what `west` exports:',
    '',
    '    kubectl -n linkerd create configmap linkerd-identity-trust-roots --from-file=ca-bundle.crt=ca.crt',
    '    kubectl -n linkerd create secret generic linkerd-identity-issuer --type=kubernetes.io/tls \\',
    '        --from-file=ca.crt --from-file=tls.crt=issuer.crt --from-file=tls.key=issuer.key',
    '    linkerd --context=west multicluster link-gen --cluster-name=west | yq \'select(.kind == "Secret")\' |',
    '        kubectl --context=east apply -f -',
  ]
  for (const { environment, files, beside } of all) {
    const { folders, atRest, atMost } = sumFolders(files)
    lines.push('', `## ${environment.name}`, '')
    if (environment.nodes) {
      const { count, cpuMillis, memoryMiB } = environment.nodes
      lines.push(`Made for ${count} nodes with ${cpuMillis}m CPU and ${memoryMiB} MiB each.`, '')
    }
    lines.push('| folder | CPU requested | memory | CPU, scaled up | memory |', '|---|---|---|---|---|')
    for (const [folder, demand] of folders)
      lines.push(`| ${folder} | ${show(demand.atRest)} | ${show(demand.atMost)} |`)
    lines.push(`| all | ${show(atRest)} | ${show(atMost)} |`, '')
    lines.push('| file | object | namespace | purpose |', '|---|---|---|---|')
    const own = [...files].map(([path, objects]) => [path, `${environment.name}/${path}`, objects] as const)
    const others = [...beside].map(([path, objects]) => [path, path, objects] as const)
    for (const [name, path, objects] of [...own, ...others])
      for (const object of objects) {
        const { kind, metadata } = object
        const file = `[${name}](${path})`
        lines.push(
          `| ${file} | ${kind} ${metadata.name} | ${metadata.namespace ?? ''} | ${purposeOf(object)} |`,
        )
      }
  }
  lines.push('', '## cloud-run', '', '| file | object | purpose |', '|---|---|---|')
  for (const [path, objects] of cloudRun)
    for (const object of objects)
      lines.push(`| [${path}](${path}) | ${object.kind} ${object.metadata.name} | ${purposeOf(object)} |`)
  return `${lines.join('\n')}\n`
}
