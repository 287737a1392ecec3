import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildBeside } from './beside.ts'
import { environments, has } from './environment.ts'
import { commandsOf, showCommand } from './install-operators.ts'
import type { Manifest } from './manifest.ts'
import { merge, operatorsOf } from './operators.ts'
import { buildEnvironment, ingressesOf, pipelinesOf } from './synth.ts'

const REPOSITORY = 'https://git.example.com/team/freshet.git'
const all = environments.map((environment) => {
  const files = buildEnvironment(environment)
  const objects = [...buildBeside(environment, files, REPOSITORY)].flatMap(([path, each]) =>
    path.startsWith('gitops/') ? each : [],
  )
  const named = (kind: string, name: string): Manifest => {
    const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
    assert.ok(found, `${kind} ${name}`)
    return found
  }
  return { environment, files, objects, named }
})
const waveOf = ({ metadata }: Manifest) => Number(metadata.annotations!['argocd.argoproj.io/sync-wave'])
const applications = ({ objects }: (typeof all)[number]) =>
  objects.filter(({ kind }) => kind === 'Application')

test('every folder of an environment is one Application, which prunes and heals', () => {
  for (const one of all) {
    const folders = new Set(
      [...one.files.keys()].map((path) => `dist/${one.environment.name}/${path.split('/')[0]}`),
    )
    const found = applications(one).filter(({ spec }) => folders.delete(spec.source.path))
    assert.equal(folders.size, 0, [...folders].join())
    for (const { spec } of found) {
      assert.deepEqual(spec.syncPolicy.automated, { prune: true, selfHeal: true })
      assert.equal(spec.source.repoURL, REPOSITORY)
    }
  }
})

test('a project permits what its Applications bring, and the pipelines’ one nothing more', () => {
  for (const one of all) {
    for (const { metadata, spec } of applications(one)) {
      const project = one.named('AppProject', spec.project)
      assert.ok(project.spec.sourceRepos.includes(spec.source.repoURL), metadata.name)
      assert.ok(
        project.spec.destinations.some(
          (each: { server: string; namespace: string }) =>
            each.server === spec.destination.server && each.namespace === spec.destination.namespace,
        ),
        `${metadata.name} into ${spec.destination.namespace}`,
      )
    }
    const { clusterResourceWhitelist, namespaceResourceWhitelist } = one.named('AppProject', 'freshet').spec
    const keys = (list: { group: string; kind: string }[]) =>
      list.map(({ group, kind }) => `${group}/${kind}`).toSorted()
    const objects = [...one.files.values()].flat()
    const wanted = (inNamespace: boolean) =>
      [
        ...new Set(
          objects
            .filter(({ metadata }) => Boolean(metadata.namespace) === inNamespace)
            .map(({ apiVersion, kind }) => `${apiVersion.split('/').toReversed()[1] ?? ''}/${kind}`),
        ),
      ].toSorted()
    assert.deepEqual(keys(clusterResourceWhitelist), wanted(false))
    assert.deepEqual(keys(namespaceResourceWhitelist), wanted(true))
  }
})

test('operators are healthy before what they act on begins, and Argo CD is told how healthy an Application is', () => {
  for (const one of all) {
    const waves = (chart: boolean) =>
      applications(one)
        .filter(({ spec }) => Boolean(spec.source.chart) === chart && !spec.source.directory)
        .map(waveOf)
    assert.ok(Math.max(...waves(true)) < Math.min(...waves(false)))
    assert.match(
      (one.named('ConfigMap', 'argocd-cm')['data'] as Record<string, string>)[
        'resource.customizations.health.argoproj.io_Application'
      ]!,
      /obj\.status\.health\.status/,
    )
  }
})

test('an environment has the operators of the kinds that it uses', () => {
  const makers: Record<string, string> = {
    'kafka.strimzi.io': 'strimzi',
    'external-secrets.io': 'external-secrets',
    'keda.sh': 'keda',
    'autoscaling.k8s.io': 'vertical-pod-autoscaler',
    'policy.linkerd.io': 'linkerd-crds',
    'multicluster.linkerd.io': 'linkerd-multicluster',
    'split.smi-spec.io': 'linkerd-smi',
    'projectcontour.io': 'contour',
    'traefik.io': 'traefik',
    'gateway.networking.k8s.io': 'envoy-gateway',
    'argoproj.io': 'argo-rollouts',
    'chaos-mesh.org': 'chaos-mesh',
    'monitoring.coreos.com': 'kube-prometheus-stack',
  }
  for (const { environment, files } of all) {
    const names = operatorsOf(environment, ingressesOf(pipelinesOf(environment))).map(({ name }) => name)
    for (const { apiVersion, kind } of [...files.values()].flat()) {
      const group = apiVersion.split('/').toReversed()[1]
      if (!group?.includes('.') || /^(rbac|networking|policy)\b(?!.*linkerd)/.test(group)) continue
      assert.ok(names.includes(makers[group]!), `${environment.name}: ${kind} of ${group}`)
    }
  }
})

test('make operators installs what Argo CD would, in the same versions and order', () => {
  for (const { environment } of all) {
    const operators = operatorsOf(environment, ingressesOf(pipelinesOf(environment)))
    const helm = commandsOf(environment).filter(([program]) => program === 'helm')
    assert.deepEqual(
      helm.map((command) => [command[3], command[command.indexOf('--version') + 1]]),
      operators.map(({ name, version }) => [name, version]),
    )
    for (const command of helm) assert.ok(command.includes('--wait'))
    if (!has(environment, 'linkerd')) assert.equal(helm.length, commandsOf(environment).length)
  }
})

test('a printed command is one that a shell reads', () => {
  assert.equal(showCommand(['helm', '--set-json', `a={"b":"it's"}`]), `helm --set-json 'a={"b":"it'\\''s"}'`)
})

test('values are joined map by map, and a later one replaces an earlier one', () => {
  assert.deepEqual(merge({ a: { b: 1, c: [1] } }, { a: { c: [2], d: 3 } }), { a: { b: 1, c: [2], d: 3 } })
})
