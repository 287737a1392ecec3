// The weather pipeline's own manifests as pods on one real node. Started by main.ts, within the cluster's network.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, test } from 'node:test'
import type { Stores } from '../../local/audit.ts'
import { askCluster } from '../../local/kafka.ts'
import { prepareMongo } from '../../local/mongo.ts'
import { projectRoot } from '../../local/session.ts'
import { readRows } from '../../loadtest/data-file.ts'
import { runLoad } from '../../loadtest/load.ts'
import { pipeline } from '../../pipelines/weather.ts'
import { createKafka } from '../../services/lib/kafka.ts'
import { assertBalanced } from '../balanced.ts'
import { until } from '../until.ts'
import { createKubectl } from './kubectl.ts'
import { namesOf, readManifests, type Manifest } from './manifests.ts'
import { kafkaBrokers, overlay, type Topic, isLeftOut } from './overlay.ts'
import { underLoad, type SteadyLoad } from './steady-load.ts'

const { KUBECTL } = process.env
if (!KUBECTL) throw new Error('`make test-node` starts this with a cluster')
const kubectl = createKubectl(KUBECTL)
const { namespace } = pipeline

const original = ['00-base', 'weather'].flatMap((folder) => readManifests(`dist/laptop/${folder}`))
const { objects, topics } = overlay(original, (await prepareMongo()).isMongod)
const deployments = namesOf('Deployment', objects)
const scaled = namesOf('HorizontalPodAutoscaler', objects)

const rows = await readRows(join(projectRoot, pipeline.rows))
const intake = new URL(`http://api.${namespace}.svc:8080/input`)
const page = new URL(`http://query.${namespace}.svc:${pipeline.query.port}/live`)
const stores: Stores = {
  kafkaBrokers,
  redisUrl: `redis://redis.${namespace}.svc:6379`,
  mongoUrl: `mongodb://mongodb.${namespace}.svc:27017`,
}

const ROLLOUT_DEADLINE = '180s'
const POLL_MS = 2_000
const SERVICE_DEADLINE_MS = 30_000
/** Of all tests: what the stores must have in the end. */
const accepted = new Set<string>()
const onAccepted = (id: string) => void accepted.add(id)

const began = performance.now()
const say = (line: string) =>
  process.stderr.write(`        ${((performance.now() - began) / 1_000).toFixed(0).padStart(5)} s  ${line}\n`)

before(async () => {
  say('applying …')
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  await kubectl.run(['apply', '--server-side', '-f', '-'], list)
  await rolledOut('kafka', 'statefulset/kafka')
  await until('Kafka answers', () => succeeds(askCluster(kafkaBrokers)), SERVICE_DEADLINE_MS, POLL_MS)
  await createTopics(topics)
  for (const name of ['redis', 'mongodb']) await rolledOut(namespace, `statefulset/${name}`)
  for (const name of deployments) await rolledOut(namespace, `deployment/${name}`)
  // kube-proxy learns of a ready pod a moment later.
  const answers = async () => (await fetch(new URL('/readyz', intake))).ok
  await until('the Service answers', () => succeeds(answers()), SERVICE_DEADLINE_MS, POLL_MS)
  say('every pod is ready')
})

test('the hops run as dist/laptop says: nothing of a Deployment, Service, scaler or policy differs', () => {
  const replaced = ['Kafka', 'KafkaNodePool', 'KafkaTopic', 'StatefulSet']
  const kept = original.filter((object) => !replaced.includes(object.kind) && !isLeftOut(object))
  assert.deepEqual(deployments.toSorted(), ['archiver', 'intake', 'query', 'repair'])
  for (const object of kept) assert.ok(objects.includes(object), object.metadata.name)
})

test('10,000 tweets of 10 clients pass through the Service, and every store has each once', async () => {
  assert.equal((await readPods('intake')).length, 1)
  const report = await runLoad({
    host: intake,
    rows,
    requests: 10_000,
    concurrence: 10,
    timeoutMs: 180_000,
    onAccepted,
    onProgress: everySecond(({ accepted: count }) => say(`${count} accepted`)),
  })
  assert.deepEqual([report.byStatus, report.errors], [{ 202: 10_000 }, {}])
  say(`10,000 accepted in ${report.seconds.toFixed(1)} s; reading the stores …`)
  const ledger = await assertBalanced(pipeline, stores, accepted)
  assert.deepEqual([ledger.kafka, ledger.mongodb, ledger.redis], [10_000, 10_000, 10_000])
})

/** Enough for the scaler: three times the CPU at which it adds a pod. */
const heavy: SteadyLoad = { rate: 500, connections: 32, intake, rows, page, onAccepted }
const SCALE_DEADLINE_MS = 240_000

test('under load the scaler brings a second intake pod, and takes it away after; nobody is refused', async () => {
  assert.deepEqual(scaled, ['intake'])
  const ready = async () => (await readPods('intake')).filter(isReady).length
  // It may know of the job before; until that there was one pod.
  say(`${heavy.rate} events a second …`)
  const up = await underLoad(heavy, () =>
    until('two intake pods are ready', async () => (await ready()) >= 2, SCALE_DEADLINE_MS, POLL_MS),
  )
  say(`${await ready()} intake pods are ready; waiting until one is left …`)
  // A few events go on, so that a pod that leaves would be noticed.
  const down = await underLoad({ ...heavy, rate: 1 }, () =>
    until(
      'one intake pod is left',
      async () => (await readPods('intake')).length === 1,
      SCALE_DEADLINE_MS,
      POLL_MS,
    ),
  )
  say('one intake pod')
  for (const noticed of [up, down]) assertNobodyRefused(noticed)
  await assertBalanced(pipeline, stores, accepted)
})

/** Several requests are under way at any moment, so whoever leaves without a word is noticed. */
const steady: SteadyLoad = { ...heavy, rate: 200, connections: 16 }

for (const name of deployments)
  test(`a rolling restart of ${name} under load loses, doubles and refuses nothing`, async () => {
    const before = new Set((await readPods(name)).map(({ metadata }) => metadata.name))
    const noticed = await underLoad(steady, async () => {
      await kubectl.run(['-n', namespace, 'rollout', 'restart', `deployment/${name}`])
      await rolledOut(namespace, `deployment/${name}`)
      const gone = async () => (await readPods(name)).every(({ metadata }) => !before.has(metadata.name))
      await until(`the old pods of ${name} are gone`, gone, 120_000, POLL_MS)
    })
    say(
      `${name}: ${noticed.events.accepted} events accepted meanwhile, reads ${JSON.stringify(noticed.reads)}`,
    )
    assertNobodyRefused(noticed)
    await assertBalanced(pipeline, stores, accepted)
  })

function assertNobodyRefused({ events, reads }: Awaited<ReturnType<typeof underLoad>>): void {
  const { byStatus, errors, sent, ended } = events
  assert.deepEqual({ byStatus, errors, ended }, { byStatus: { 202: sent }, errors: {}, ended: 'complete' })
  assert.deepEqual(Object.keys(reads), ['200'], JSON.stringify(reads))
}

type Pod = Manifest & { status: { conditions?: { type: string; status: string }[] } }

async function readPods(name: string): Promise<Pod[]> {
  const label = `app.kubernetes.io/name=${name}`
  return (await kubectl.read<{ items: Pod[] }>(['-n', namespace, 'get', 'pods', '-l', label])).items
}

function isReady({ status }: Pod): boolean {
  return (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True')
}

async function rolledOut(of: string, workload: string): Promise<void> {
  await kubectl.run(['-n', of, 'rollout', 'status', workload, `--timeout=${ROLLOUT_DEADLINE}`])
  say(`${workload} is rolled out`)
}

/** Whether it did what it should; for asking again. */
function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    (value) => value !== false,
    () => false,
  )
}

/** What Strimzi's topic operator does. */
async function createTopics(wanted: Topic[]): Promise<void> {
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const endpoint = {
    url: '',
    scheme: 'kafka',
    hosts: [kafkaBrokers],
    path: '',
    parameters: new Map<string, string>(),
  }
  const admin = createKafka(endpoint, 'freshet-test', quiet).admin()
  await admin.connect()
  try {
    const specs = wanted.map(({ name, partitions }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor: 1,
    }))
    await admin.createTopics({ waitForLeaders: true, topics: specs })
  } finally {
    await admin.disconnect()
  }
}

/** Passes on what comes at most once a second. */
function everySecond<T>(show: (value: T) => void): (value: T) => void {
  let next = 0
  return (value) => {
    if (performance.now() < next) return
    next = performance.now() + 1_000
    show(value)
  }
}
