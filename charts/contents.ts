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
      return `http://${spec.hostnames[0]}/`
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
export function listContents(all: { environment: Environment; files: Files }[]): string {
  const lines = [
    '# dist',
    '',
    'Written by `make synth`; do not edit. `kubectl apply --server-side -R -f dist/laptop` brings all of an environment; each',
    'folder is one Argo CD application. The operators (Strimzi, in the cloud External Secrets, and the controllers of the',
    'intakes) come first.',
    '',
    'No Secret is here. In `cloud`, somebody who may writes the addresses of the databases, and External Secrets brings them',
    'to each pipeline:',
    '',
    '    kubectl -n databases create secret generic weather-redis --from-literal=address=10.0.0.5:6379',
    '    kubectl -n databases create secret generic weather-mongodb --from-literal=address=10.0.0.6:27017',
  ]
  for (const { environment, files } of all) {
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
    for (const [path, objects] of files)
      for (const object of objects) {
        const { kind, metadata } = object
        const file = `[${path}](${environment.name}/${path})`
        lines.push(
          `| ${file} | ${kind} ${metadata.name} | ${metadata.namespace ?? ''} | ${purposeOf(object)} |`,
        )
      }
  }
  return `${lines.join('\n')}\n`
}
