import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Yaml } from 'cdk8s'
import { pipelines } from '../pipelines/all.ts'
import { readArguments } from '../services/hop/arguments.ts'
import { SECRETS_DIR } from '../services/lib/secret.ts'
import { parseOptions } from '../services/query/options.ts'
import { demandOf, exceeds, readRequests } from './budget.ts'
import { listContents, sumFolders } from './contents.ts'
import { environments } from './environment.ts'
import { image } from '../pipelines/images.ts'
import { containersOf, nameOf, podOf, type Manifest } from './manifest.ts'
import { secretsFolder } from './secrets.ts'
import { buildEnvironment } from './synth.ts'

const all = environments.map((environment) => ({ environment, files: buildEnvironment(environment) }))
const [laptop, cloud] = all
assert.ok(laptop && cloud)
const objectsOf = ({ files }: (typeof all)[number]): Manifest[] => [...files.values()].flat()

test('a second synth writes the same bytes', () => {
  for (const { environment, files } of all)
    for (const [path, objects] of buildEnvironment(environment))
      assert.equal(Yaml.stringify(...objects), Yaml.stringify(...files.get(path)!), path)
  assert.equal(
    listContents(all),
    listContents(environments.map((environment) => ({ environment, files: buildEnvironment(environment) }))),
  )
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
test('names do not change by accident', () => {
  const made = new Set(objectsOf(laptop).map(nameOf))
  for (const [key, names] of Object.entries(pinned)) {
    const [kind, namespace] = key.split(' ')
    for (const name of names.split(' ')) assert.ok(made.has(`${kind} ${namespace}/${name}`), `${key}/${name}`)
  }
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
            Object.keys(graph.hops),
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
    const hops = pipelines.reduce((sum, { hops: each }) => sum + Object.keys(each).length, 0)
    assert.equal(count, hops + pipelines.length)
  })

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
  assert.deepEqual(demandOf([deployment, hpa]), {
    atRest: { cpuMillis: 400, memoryMiB: 256 },
    atMost: { cpuMillis: 1_000, memoryMiB: 640 },
  })
})
