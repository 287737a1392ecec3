import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Yaml } from 'cdk8s'
import { pipelines } from '../pipelines/all.ts'
import { readArguments } from '../services/hop/arguments.ts'
import { SECRETS_DIR } from '../services/lib/secret.ts'
import { parseOptions } from '../services/query/options.ts'
import { buildBeside } from './beside.ts'
import { buildCloudRun } from './cloud-run.ts'
import { demandOf, exceeds, readRequests } from './budget.ts'
import { listContents, sumFolders } from './contents.ts'
import { environments, type Environment } from './environment.ts'
import { image } from '../pipelines/images.ts'
import { containersOf, nameOf, podOf, type Manifest } from './manifest.ts'
import { secretsFolder } from './secrets.ts'
import { isHere } from './plan.ts'
import { buildEnvironment, pipelinesOf } from './synth.ts'

const buildAll = () =>
  environments.map((environment) => {
    const files = buildEnvironment(environment)
    return {
      environment,
      files,
      beside: buildBeside(environment, files, 'https://git.example.com/freshet.git'),
    }
  })
const all = buildAll()
const [laptop, cloud, east, west] = all
assert.ok(laptop && cloud && east && west)
const objectsOf = ({ files }: (typeof all)[number]): Manifest[] => [...files.values()].flat()

test('a second synth writes the same bytes', () => {
  const again = buildAll()
  for (const [index, { files, beside }] of all.entries())
    for (const [path, objects] of [...again[index]!.files, ...again[index]!.beside])
      assert.equal(
        Yaml.stringify(...objects),
        Yaml.stringify(...(files.get(path) ?? beside.get(path)!)),
        path,
      )
  assert.equal(listContents(all, buildCloudRun(pipelines)), listContents(again, buildCloudRun(pipelines)))
})

/** With other names these would be made anew: data, addresses and positions in the log would be lost. */
const pinned: Record<string, string> = {
  'Deployment covid': 'query',
  'Deployment predictions': 'consumer intake live-writer query',
  'Deployment project': 'archiver intake query repair',
  'Deployment so1-proyecto2': 'archiver counter producer query wasm-producer',
  'Service covid': 'mongodb query redis',
  'Service predictions': 'api live-writer mongodb query redis',
  'Service project': 'api mongodb query redis',
  'Service so1-proyecto2': 'client mongodb query redis wasm-client',
  'StatefulSet covid': 'mongodb redis',
  'StatefulSet predictions': 'mongodb redis',
  'StatefulSet project': 'mongodb redis',
  'StatefulSet so1-proyecto2': 'mongodb redis',
  'Kafka kafka': 'freshet',
  'KafkaNodePool kafka': 'brokers',
  'KafkaTopic kafka': 'messages messages.dlq predictions predictions.dlq votes votes.dlq',
}
/** With the add-ons: also what a controller has made from these would come anew. */
const pinnedInCloud: Record<string, string> = {
  'Rollout covid': 'intake-grpc query',
  'AnalysisTemplate covid': 'intake-grpc query',
  'Deployment covid': 'intake-pubsub intake-pubsub-next repair subscriber writer',
  'Service covid': 'api-grpc api-pubsub api-pubsub-next query query-preview writer',
  'TrafficSplit covid': 'api-pubsub',
  'ScaledObject project': 'archiver repair',
  'ScaledObject predictions': 'consumer',
  'Server predictions': 'api live-writer query',
}
const pinnedInEast = { 'Link linkerd-multicluster': 'west', 'Deployment predictions': 'consumer intake' }
const pinnedInWest = {
  'Service predictions': 'live-writer query',
  'Deployment predictions': 'live-writer query',
}
test('names do not change by accident', () => {
  for (const [one, wanted] of [
    [laptop, pinned],
    [cloud, pinnedInCloud],
    [east, pinnedInEast],
    [west, pinnedInWest],
  ] as const) {
    const made = new Set(objectsOf(one).map(nameOf))
    for (const [key, names] of Object.entries(wanted)) {
      const [kind, namespace] = key.split(' ')
      for (const name of names.split(' '))
        assert.ok(made.has(`${kind} ${namespace}/${name}`), `${one.environment.name}: ${key}/${name}`)
    }
  }
})

test('a pipeline over two clusters has each of its pods in one of them, and sends to the other by the mirrored name', () => {
  const pods = (one: (typeof all)[number]) =>
    objectsOf(one).flatMap(({ kind, metadata }) =>
      kind === 'Deployment' && !metadata.name.endsWith('-exporter') ? [metadata.name] : [],
    )
  assert.deepEqual([...pods(east), ...pods(west)].toSorted(), ['consumer', 'intake', 'live-writer', 'query'])
  const relay = containersOf(
    podOf(
      objectsOf(east).find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'consumer')!,
    )!.spec,
  ).find(({ name }) => name === 'relay')!
  assert.ok(relay.args!.includes('grpc://live-writer-west:50052'))
  const exported = objectsOf(west).filter(
    ({ kind, metadata }) => kind === 'Service' && metadata.labels?.['mirror.linkerd.io/exported'] === 'true',
  )
  assert.deepEqual(exported.map(nameOf), ['Service predictions/live-writer'])
  // Linkerd mirrors a headless Service only where it is told to.
  assert.notEqual(exported[0]!.spec.clusterIP, 'None')
  const link = objectsOf(east).find(({ kind }) => kind === 'Link')!
  assert.deepEqual(link.spec.selector.matchLabels, { 'mirror.linkerd.io/exported': 'true' })
})

test('in the order of the files nothing comes before its namespace', () => {
  for (const { files } of all) {
    const seen = new Set<string | undefined>([undefined])
    for (const path of [...files.keys()].toSorted())
      for (const object of files.get(path)!) {
        if (object.kind === 'Namespace') seen.add(object.metadata.name)
        assert.ok(seen.has(object.metadata.namespace), `${path}: ${nameOf(object)}`)
      }
  }
})

test('every namespace takes only restricted pods', () => {
  for (const { kind, metadata } of all.flatMap(objectsOf))
    if (kind === 'Namespace')
      assert.equal(metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted')
})

test('the weather intake is three containers, of which the API comes last and goes first', () => {
  const intake = objectsOf(laptop).find(
    ({ kind, metadata }) =>
      kind === 'Deployment' && metadata.name === 'intake' && metadata.namespace === 'project',
  )!
  const { initContainers = [], containers } = podOf(intake)!.spec
  assert.deepEqual(
    containers.map(({ name }) => name),
    ['api'],
  )
  assert.deepEqual(initContainers.map(({ name }) => name).toSorted(), ['live-writer', 'publisher'])
  for (const { restartPolicy } of initContainers) assert.equal(restartPolicy, 'Always')
})

/** As Kubernetes puts variables into arguments; the addresses are in Secrets. */
function expand(argument: string): string {
  return argument
    .replaceAll('$(REDIS_HOST)', '10.0.0.5:6379')
    .replaceAll('$(MONGODB_HOSTS)', '10.0.0.6:27017,10.0.0.7:27017')
}

for (const one of all)
  test(`every container of ${one.environment.name} starts with the arguments that its chart gives it`, () => {
    let count = 0
    for (const object of objectsOf(one))
      for (const container of containersOf(podOf(object)?.spec ?? { containers: [] })) {
        if (container.image !== image) continue
        count++
        const args = container.args!.map(expand)
        const program = (container['command'] as string[]).at(-1)
        if (program === '/app/query.mjs') {
          const { listen, hops, intakes, pipeline } = parseOptions(args)
          const graph = pipelines.find(({ name }) => name === pipeline)!
          assert.deepEqual(
            hops.map(({ name }) => name),
            Object.keys(graph.hops).filter((name) => isHere(graph, one.environment, graph.hops[name]!.pod)),
          )
          assert.deepEqual(
            [...intakes.keys()],
            hops.flatMap(({ name, from }) => (from === 'http' ? [name] : [])),
          )
          assert.ok(
            container.ports?.some(({ containerPort }) => listen.hosts[0] === `0.0.0.0:${containerPort}`),
          )
        } else {
          const { admin, name } = readArguments(args)
          assert.equal(name, container.name)
          const probe = container['readinessProbe'] as { httpGet: { port: number } }
          assert.equal(admin?.hosts[0], `0.0.0.0:${probe.httpGet.port}`)
        }
      }
    const next = objectsOf(one).filter(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('-next'),
    )
    assert.equal(count, wantedContainers(one.environment) + next.length)
  })

/** A container for each hop that is in an environment's cluster, and one for each query service. */
function wantedContainers(environment: Environment): number {
  return pipelinesOf(environment).reduce((sum, pipeline) => {
    const pods = [...Object.values(pipeline.hops).map(({ pod }) => pod), 'query']
    return sum + pods.filter((pod) => isHere(pipeline, environment, pod)).length
  }, 0)
}

test('secrets are mounted where the programs look for them', () => assert.equal(secretsFolder, SECRETS_DIR))

test('no value of a Secret is in what is written', () => {
  for (const object of all.flatMap(objectsOf)) {
    assert.notEqual(object.kind, 'Secret', nameOf(object))
    assert.doesNotMatch(JSON.stringify(object), /password"?:|:\/\/[^/"]+@/i, nameOf(object))
  }
})

test('synth fails when all that is requested is more than the nodes have', () => {
  const demand = sumFolders(laptop.files).atRest
  assert.equal(exceeds(laptop.environment, demand), undefined)
  assert.equal(exceeds(cloud.environment, { cpuMillis: 1e9, memoryMiB: 1e9 }), undefined)
  const single = { ...laptop.environment, nodes: { ...laptop.environment.nodes!, count: 1 } }
  assert.match(
    exceeds(single, demand)!,
    /^laptop: all pipelines and the system request \d+m CPU and \d+ MiB, and 1 nodes have 2000m/,
  )
})

test('requests of all pods are added up, those of scaled pods as often as there may be pods', () => {
  assert.deepEqual(readRequests({ cpu: '250m', memory: '1Gi' }), { cpuMillis: 250, memoryMiB: 1_024 })
  assert.deepEqual(readRequests({ cpu: '2', memory: '512Mi' }), { cpuMillis: 2_000, memoryMiB: 512 })
  assert.throws(() => readRequests({ cpu: '0.5', memory: '1Mi' }), /cpu 0\.5/)
  const resources = { requests: { cpu: '100m', memory: '64Mi' } }
  const spec = { template: { spec: { containers: [{ resources }], initContainers: [{ resources }] } } }
  const metadata = { name: 'a', namespace: 'b' }
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec }
  const scaler = { minReplicas: 2, maxReplicas: 5, scaleTargetRef: { kind: 'Deployment', name: 'a' } }
  const hpa = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata, spec: scaler }
  const proxy = { 'linkerd.io/inject': 'enabled', 'config.linkerd.io/proxy-cpu-request': '20m' }
  const meshed = { template: { ...spec.template, metadata: { annotations: proxy } }, replicas: 2 }
  assert.deepEqual(demandOf([{ ...deployment, spec: meshed }]).atRest, { cpuMillis: 440, memoryMiB: 256 })
  assert.deepEqual(demandOf([deployment, hpa]), {
    atRest: { cpuMillis: 400, memoryMiB: 256 },
    atMost: { cpuMillis: 1_000, memoryMiB: 640 },
  })
})
