import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipelines } from '../pipelines/all.ts'
import { parseRows } from '../loadtest/data-file.ts'
import { parseOptions } from '../loadtest/options.ts'
import { buildBeside } from './beside.ts'
import { environments, has } from './environment.ts'
import { failUnless } from './hypotheses.ts'
import { containersOf, nameOf, podOf, type Manifest } from './manifest.ts'
import { deliveryCases, hypothesisCases } from './measure-cases.ts'
import { buildEnvironment } from './synth.ts'

const all = environments.map((environment) => {
  const files = buildEnvironment(environment)
  const beside = buildBeside(environment, files, 'https://git.example.com/freshet.git')
  const of = (what: string): Manifest[] =>
    [...beside].flatMap(([path, objects]) => (path.startsWith(`${what}/`) ? objects : []))
  return { environment, files, of }
})

test('every intake of an environment has a load test, which starts with its arguments and its rows', () => {
  for (const { environment, of } of all) {
    const jobs = of('loadtest').filter(({ kind }) => kind === 'Job')
    const intakes = pipelines
      .filter(({ secondCluster }) => !environment.cluster || secondCluster)
      .flatMap(({ hops, namespace }) =>
        Object.entries(hops).flatMap(([name, { from }]) => ('http' in from ? [`${namespace}/${name}`] : [])),
      )
    const wanted = environment.cluster?.part === 'second' ? [] : intakes
    const urls = jobs.map((job) => {
      const [container] = containersOf(podOf(job)!.spec)
      const options = parseOptions(container!.args!)!
      const { mountPath } = (container!['volumeMounts'] as { mountPath: string }[])[0]!
      const rows = of('loadtest').find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.namespace === job.metadata.namespace,
      )!
      const [file, text] = Object.entries(rows['data'] as Record<string, string>)[0]!
      assert.equal(options.file, `${mountPath}/${file}`)
      assert.ok(parseRows(text, file).length > 0)
      assert.ok(text.length < 64 * 1_024)
      assert.equal(options.hosts[0]!.pathname, '/input')
      return `${job.metadata.namespace}/${options.hosts[0]!.hostname}`
    })
    assert.deepEqual(urls.toSorted(), wanted.toSorted())
  }
})

test('experiments and loads are not in the folder that people apply as a whole', () => {
  for (const { files } of all)
    for (const object of [...files.values()].flat())
      assert.ok(
        !['Schedule', 'Workflow', 'Job', 'Application', 'AppProject'].includes(object.kind),
        nameOf(object),
      )
})

test('every kind of experiment is there, on intake, readers, databases and the read API', () => {
  for (const { environment, of } of all) {
    const schedules = of('chaos').filter(({ kind }) => kind === 'Schedule')
    const whats = (pattern: RegExp) =>
      schedules.filter(({ metadata }) => pattern.test(metadata.name)).length > 0
    for (const what of ['pod-kill', 'pod-failure', 'network-delay'])
      assert.ok(whats(new RegExp(`-${what}$`)), `${environment.name}: ${what}`)
    assert.equal(whats(/^query-/), environment.cluster?.part !== 'first')
    if (environment.cluster?.part === 'second') continue
    for (const what of ['container-kill', 'network-loss', 'partition', 'kernel-fault', 'cpu-stress'])
      assert.ok(whats(new RegExp(`-${what}$`)), `${environment.name}: ${what}`)
    for (const database of ['redis', 'mongodb'])
      assert.equal(whats(new RegExp(`^${database}-memory-stress`)), environment.stores.inside)
  }
})

test('no two experiments of a night begin together', () => {
  for (const { of } of all)
    for (const { namespace } of pipelines) {
      const times = of('chaos')
        .filter(({ kind, metadata }) => kind === 'Schedule' && metadata.namespace === namespace)
        .map(({ spec }) => spec.schedule as string)
      assert.equal(new Set(times).size, times.length)
    }
})

test('a status check asks the hypothesis that its experiment states, and 200 is a yes', () => {
  for (const { of } of all) {
    const schedules = of('chaos').filter(({ kind }) => kind === 'Schedule')
    const workflows = of('chaos').filter(({ kind }) => kind === 'Workflow')
    assert.ok(workflows.length > 0)
    for (const { metadata, spec } of workflows) {
      const templates = spec.templates as {
        name: string
        statusCheck?: { http: { url: string; criteria: object } }
      }[]
      for (const schedule of schedules.filter((each) => each.metadata.namespace === metadata.namespace)) {
        const check = templates.find(({ name }) => name === `${schedule.metadata.name}-holds`)?.statusCheck
        assert.ok(check, nameOf(schedule))
        const hypothesis = schedule.metadata.annotations!['freshet.dev/hypothesis']!
        assert.equal(new URL(check.http.url).searchParams.get('query'), failUnless(hypothesis))
        assert.deepEqual(check.http.criteria, { statusCode: '200' })
      }
    }
  }
})

test('every query that judges a version or an experiment has a case in which it says yes, and one in which not', () => {
  const cases = [...deliveryCases(), ...hypothesisCases()]
  const yes = (expr: string) => cases.some((each) => each.expr === expr && each.samples[0]?.value === 1)
  const no = (expr: string) => cases.some((each) => each.expr === expr && each.samples[0]?.value !== 1)
  for (const { expr } of cases) assert.ok(yes(expr) && no(expr), expr)
  const { files, of } = all.find(({ environment }) => environment.name === 'cloud')!
  const asked = [
    ...[...files.values()]
      .flat()
      .filter(({ kind }) => kind === 'AnalysisTemplate')
      .flatMap(({ spec }) =>
        spec.metrics.map(({ provider }: { provider: { prometheus: { query: string } } }) =>
          provider.prometheus.query.replaceAll('{{args.hash}}', 'abc12345'),
        ),
      ),
    ...of('chaos').flatMap(({ metadata }) => metadata.annotations?.['freshet.dev/hypothesis'] ?? []),
  ] as string[]
  assert.ok(asked.length > 20)
  for (const query of asked)
    assert.ok(
      cases.some(({ expr }) => expr.includes(query)),
      query,
    )
})

test('a word that an environment cannot follow leaves a Deployment', () => {
  for (const { environment, files } of all) {
    const kinds = new Set([...files.values()].flat().map(({ kind }) => kind))
    const covid = !environment.cluster
    assert.equal(kinds.has('Rollout'), covid && has(environment, 'argo-rollouts'))
    assert.equal(kinds.has('TrafficSplit'), covid && has(environment, 'linkerd'))
    assert.equal(
      kinds.has('ScaledObject'),
      has(environment, 'keda') && environment.cluster?.part !== 'second',
    )
  }
})
