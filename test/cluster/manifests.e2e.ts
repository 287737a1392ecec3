// dist/<ENVIRONMENT> on a real API server that has the definitions and nothing else of it. Started by main.ts.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { join } from 'node:path'
import { projectRoot } from '../../local/session.ts'
import { until } from '../until.ts'
import { createKubectl } from './kubectl.ts'
import { namesOf, printedName, readManifests, type Manifest } from './manifests.ts'

const { KUBECTL, ENVIRONMENT: environment } = process.env
if (!KUBECTL || !environment) throw new Error('`make test-cluster` starts this with a cluster')
const kubectl = createKubectl(KUBECTL)
const folder = `dist/${environment}`
const files = ['--server-side', '-R', '-f', join(projectRoot, folder)]
const objects = readManifests(folder)
const namespaces = namesOf('Namespace', objects)

const PODS_DEADLINE_MS = 60_000
const POLL_MS = 500

test(`one server-side apply of ${folder} on an empty cluster is accepted whole, without a warning`, async () => {
  const { code, stdout, stderr } = await kubectl.try(['apply', ...files])
  assert.equal(code, 0, stderr)
  assert.doesNotMatch(stdout + stderr, /Warning:/)
  const answered = stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/ serverside-applied$/, ''))
  assert.deepEqual(answered.toSorted(), objects.map(printedName).toSorted())
})

test('a diff after it finds no difference', async () => {
  const { code, stdout, stderr } = await kubectl.try(['diff', ...files])
  assert.equal(code, 0, stdout + stderr)
})

test('each namespace takes a restricted pod, and refuses the same one as root', async () => {
  // A dry run, so that a refusal that fails to come leaves no such pod.
  const create = (namespace: string, runAsUser: number) =>
    kubectl.try(['create', '--dry-run=server', '-f', '-'], JSON.stringify(podOf(namespace, runAsUser)))
  for (const namespace of namespaces) {
    const ours = await create(namespace, 1_000)
    assert.equal(ours.code, 0, ours.stderr)
    const root = await create(namespace, 0)
    assert.notEqual(root.code, 0, `${namespace} takes it`)
    assert.match(root.stderr, /violates PodSecurity "restricted:.*runAsUser=0/)
  }
})

test('every Deployment and StatefulSet gets its pods created', async () => {
  const workloads = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
  assert.ok(workloads.length > 0)
  let without: string[] = []
  const created = async () => {
    const lists = await Promise.all(namespaces.map(readWorkloads))
    const found = lists.flat()
    const refused = found.flatMap(({ kind, metadata, status }) =>
      (status?.conditions ?? [])
        .filter(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True')
        .map(({ message }) => `${kind} ${metadata.namespace}/${metadata.name}: ${message}`),
    )
    assert.deepEqual(refused, [])
    const has = new Map(found.map((object) => [keyOf(object), object.status?.replicas ?? 0]))
    without = workloads.filter((object) => (has.get(keyOf(object)) ?? 0) < 1).map(keyOf)
    return without.length === 0
  }
  await until('every workload has a pod', created, PODS_DEADLINE_MS, POLL_MS).catch((cause: unknown) => {
    throw new Error(`no pods of ${without.join(', ')}`, { cause })
  })
})

test(`what stands beside ${folder} is accepted, too`, async (t) => {
  const folders = ['gitops', 'chaos', 'loadtest'].map((name) => `dist/${name}/${environment}`)
  const there = folders.filter((each) => existsSync(join(projectRoot, each)))
  assert.ok(there.length >= 2, there.join())
  const beside = there.flatMap(readManifests)
  // The operators' own, which come with them.
  const wanted = new Set(beside.flatMap(({ metadata }) => metadata.namespace ?? []))
  const { items } = await kubectl.read<{ items: Manifest[] }>(['get', 'namespaces'])
  const missing = [...wanted].filter((name) => !items.some(({ metadata }) => metadata.name === name))
  for (const name of missing) {
    await kubectl.run(['create', 'namespace', name])
    t.after(() => kubectl.run(['delete', 'namespace', name, '--wait=false']))
  }
  for (const each of there) {
    // A dry run, because whoever lends a cluster may have an Argo CD in it.
    const args = ['apply', '--server-side', '--dry-run=server', '-R', '-f', join(projectRoot, each)]
    const { code, stdout, stderr } = await kubectl.try(args)
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(stdout + stderr, /Warning:/)
    assert.equal(stdout.trim().split('\n').length, readManifests(each).length)
  }
})

type Workload = Manifest & {
  status?: { replicas?: number; conditions?: { type: string; status: string; message: string }[] }
}

async function readWorkloads(namespace: string): Promise<Workload[]> {
  const kinds = 'deployments,replicasets,statefulsets'
  return (await kubectl.read<{ items: Workload[] }>(['-n', namespace, 'get', kinds])).items
}

function keyOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`
}

function podOf(namespace: string, runAsUser: number): object {
  const securityContext = {
    runAsUser,
    runAsNonRoot: runAsUser !== 0,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  }
  const metadata = { name: 'trial', namespace }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [{ name: 'trial', image: 'trial:1', securityContext }] },
  }
}
