// What `make apply` does, as commands.
import type { Engine } from './engine.ts'

export type Step = { says: string; command: [string, ...string[]] }

export type Situation = {
  environment: string
  /** Of kubectl; nothing if it has none, or is not there. */
  context: string | undefined
  registry: string | undefined
  /** Or why there is none. */
  engine: Engine | string[]
  image: string
  /** Of the pipelines. */
  namespaces: string[]
}

/** Brokers pull large images, and volumes take their time in a cloud. */
const READY_DEADLINE = '600s'

/** The steps in order, or all that stands against them. */
export function planApply(of: Situation): { steps: Step[] } | { mistakes: string[] } {
  const { environment, context, registry, engine, image, namespaces } = of
  const mistakes: string[] = []
  if (!['laptop', 'cloud'].includes(environment))
    mistakes.push(`ENV is laptop or cloud, not "${environment}"`)
  if (context === undefined) mistakes.push('kubectl has no current context, or is not on PATH')
  if (typeof engine === 'object') mistakes.push(engine.join('\n'))
  if (environment === 'cloud' && !registry)
    mistakes.push('a cloud pulls its images: say REGISTRY=ghcr.io/owner')
  const bring = registry ? push(engine, image) : load(context, engine, image)
  if (typeof bring === 'string') mistakes.push(bring)
  if (mistakes.length > 0 || typeof bring === 'string') return { mistakes }
  // The manifests of a registry of one's own are not those of this repository.
  const folder = registry ? '.local/dist' : 'dist'
  const synth: Step[] = registry
    ? [{ says: 'manifests that name it', command: ['env', `CDK8S_OUTDIR=${folder}`, 'tsx', 'main.ts'] }]
    : []
  const kubectl = (...rest: string[]): Step['command'] => ['kubectl', ...rest]
  const wait = `--timeout=${READY_DEADLINE}`
  // In the cloud the databases are elsewhere.
  const kinds = environment === 'laptop' ? ['statefulset', 'deployment'] : ['deployment']
  return {
    steps: [
      { says: 'the image', command: ['make', '--no-print-directory', 'images'] },
      ...bring,
      ...synth,
      {
        says: `${environment} to ${context}`,
        command: kubectl('apply', '--server-side', '-R', '-f', `${folder}/${environment}`),
      },
      {
        says: 'Kafka',
        command: kubectl('-n', 'kafka', 'wait', 'kafka/freshet', '--for=condition=Ready', wait),
      },
      ...namespaces.flatMap((namespace) =>
        kinds.map((kind) => ({
          says: `${namespace}: every ${kind}`,
          command: kubectl('-n', namespace, 'rollout', 'status', kind, wait),
        })),
      ),
    ],
  }
}

function push(engine: Situation['engine'], image: string): Step[] {
  return [{ says: 'to the registry', command: [String(engine), 'push', image] }]
}

/** How a cluster on this machine gets an image; each kind has its own way. */
function load(context: string | undefined, engine: Situation['engine'], image: string): Step[] | string {
  if (context === undefined) return []
  const [, kind, name] = /^(kind|k3d)-(.+)$/.exec(context) ?? []
  const archive = '.local/image.tar'
  // podman's and buildah's stores are not docker's, which these look into.
  const save: Step = {
    says: 'the image as a file',
    command:
      engine === 'buildah'
        ? ['buildah', 'push', image, `docker-archive:${archive}:${image}`]
        : [String(engine), 'save', '-o', archive, image],
  }
  if (kind === 'kind')
    return [
      save,
      { says: 'to the nodes', command: ['kind', 'load', 'image-archive', archive, '--name', name!] },
    ]
  if (kind === 'k3d')
    return [save, { says: 'to the nodes', command: ['k3d', 'image', 'import', archive, '--cluster', name!] }]
  if (context === 'minikube')
    return [save, { says: 'to the node', command: ['minikube', 'image', 'load', archive] }]
  if (context === 'docker-desktop') return []
  return `"${context}" is no cluster on this machine that is known (kind, k3d, minikube, docker-desktop): say REGISTRY=`
}
