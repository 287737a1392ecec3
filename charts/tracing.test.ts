import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readArguments } from '../services/hop/arguments.ts'
import { checkManifests } from './checks.ts'
import { environments, type Environment } from './environment.ts'
import { containersOf, nameOf, podOf, type Container, type Manifest } from './manifest.ts'
import { buildEnvironment } from './synth.ts'

const tracing = { collector: { namespace: 'tracing', service: 'otel-collector', port: 4_318 }, ratio: 0.01 }
const build = (environment: Environment) => [...buildEnvironment(environment).values()].flat()
const hopsOf = (objects: Manifest[]) =>
  objects
    .flatMap((object) => containersOf(podOf(object)?.spec ?? { containers: [] }))
    .filter((container) => (container['command'] as string[] | undefined)?.at(-1) === '/app/hop.mjs')
const envOf = ({ env = [] }: Container) =>
  Object.fromEntries(env.map(({ name, value }) => [name, value ?? '10.0.0.5:1']))

for (const environment of environments) {
  const objects = build({ ...environment, tracing })

  test(`${environment.name}: where tracing is on every hop reads the collector's address and the ratio`, () => {
    const hops = hopsOf(objects)
    assert.ok(hops.length > 0)
    for (const hop of hops) {
      const env = envOf(hop)
      const args = hop.args!.map((argument) => argument.replaceAll(/\$\((\w+)\)/g, (_, name) => env[name]!))
      const read = readArguments(args, env).tracing
      assert.deepEqual([read?.url, read?.ratio], ['http://otel-collector.tracing.svc:4318/v1/traces', 0.01])
    }
  })

  test(`${environment.name}: the way to the collector is open for pods with hops, and for no other`, () => {
    assert.deepEqual(checkManifests(objects), [])
    for (const { kind, metadata, spec } of objects) {
      if (kind !== 'NetworkPolicy' || !spec.egress) continue
      const open = JSON.stringify(spec.egress).includes('"tracing"')
      const pods = objects.filter(
        (object) =>
          podOf(object) &&
          object.metadata.name === metadata.name &&
          object.metadata.namespace === metadata.namespace,
      )
      assert.equal(open, hopsOf(pods).length > 0, nameOf({ kind, metadata } as Manifest))
    }
  })

  test(`${environment.name}: a policy that lacks the way to the collector is a mistake that synth reports`, () => {
    const broken = structuredClone(objects)
    const pod = broken.find((object) => podOf(object) && hopsOf([object]).length > 0)!
    const policy = broken.find(
      ({ kind, metadata }) =>
        kind === 'NetworkPolicy' &&
        metadata.name === pod.metadata.name &&
        metadata.namespace === pod.metadata.namespace,
    )!
    policy.spec.egress = (policy.spec.egress as object[]).filter(
      (rule) => !JSON.stringify(rule).includes('"tracing"'),
    )
    const mistakes = checkManifests(broken)
    assert.equal(mistakes.length, hopsOf([pod]).length)
    for (const mistake of mistakes) {
      assert.ok(mistake.startsWith(`${nameOf(pod)}: `), mistake)
      assert.match(mistake, /\[[\w-]+\]\.env\[OTEL_\w+\] http:.* port 4318/)
    }
  })

  test(`${environment.name}: where it is off nothing names it`, () => {
    assert.equal(environment.tracing, undefined)
    assert.doesNotMatch(JSON.stringify(build(environment)), /OTEL_/)
  })
}
