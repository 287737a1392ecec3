// make test-cluster (api) and make test-node (node): opens a cluster, runs the tests of this folder on it, and leaves
// nothing behind, also when they fail or are interrupted.
import { join } from 'node:path'
import { projectRoot } from '../../local/session.ts'
import { ConfigError, reasonOf } from '../../services/lib/errors.ts'
import { openCluster, type Cluster } from './cluster.ts'
import { show } from './command.ts'
import { findMissingDefinitions, installDefinitions, namesOf, readManifests } from './manifests.ts'
import { makeStoreImages } from './store-images.ts'

const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
const MANIFESTS_DEADLINE_MS = 10 * 60_000
const WEATHER_DEADLINE_MS = 25 * 60_000

const began = performance.now()
const say = (line: string) =>
  process.stderr.write(`${((performance.now() - began) / 1_000).toFixed(0).padStart(5)} s  ${line}\n`)
const interrupted = new AbortController()
const { signal } = interrupted

for (const [name, code] of Object.entries(SIGNAL_EXIT_CODES))
  process.on(name, () => {
    say('stopping …')
    process.exitCode = code
    interrupted.abort(new Error(`interrupted by ${name}`))
  })

const verbs: Record<string, () => Promise<boolean>> = { api: testEnvironments, node: testWeather }

try {
  const verb = verbs[process.argv[2] ?? '']
  if (!verb) throw new ConfigError(['usage: main.ts api|node'])
  if (!(await verb())) process.exitCode = 1
  say('done')
} catch (cause) {
  // What an interruption made fail is of no interest.
  const shown: unknown = signal.aborted ? signal.reason : cause
  const mistakes = shown instanceof ConfigError ? shown.mistakes : [reasonOf(shown)]
  for (const mistake of mistakes) process.stderr.write(`error: ${mistake}\n`)
  process.exitCode ??= cause instanceof ConfigError ? 2 : 1
}

async function testEnvironments(): Promise<boolean> {
  let passed = true
  for (const environment of ['laptop', 'cloud', 'east', 'west']) {
    const cluster = await openCluster('api', { say, signal })
    try {
      passed = (await testManifests(cluster, environment)) && passed
    } finally {
      await cluster.close()
    }
  }
  return passed
}

async function testManifests({ kubectl, own, env }: Cluster, environment: string): Promise<boolean> {
  const namespaces = namesOf('Namespace', readManifests(`dist/${environment}`)).map(
    (name) => `namespace/${name}`,
  )
  const taken = await kubectl.run(['get', '--ignore-not-found', '-o', 'name', ...namespaces])
  if (taken !== '')
    throw new ConfigError([
      `the cluster has ${taken.trim().split('\n').join(', ')}; the test is for one without what it makes`,
    ])
  const definitions = await findMissingDefinitions(kubectl)
  try {
    say(`installing ${definitions.size} definitions …`)
    await installDefinitions(kubectl, definitions)
    signal.throwIfAborted()
    say(`applying dist/${environment} …`)
    return await runTests('manifests.e2e.ts', { ...env, ENVIRONMENT: environment }, MANIFESTS_DEADLINE_MS)
  } finally {
    if (!own) {
      say('removing what was made …')
      await kubectl.run(['delete', '--ignore-not-found', '--timeout=150s', ...namespaces])
      if (definitions.size > 0)
        await kubectl.run(['delete', '--ignore-not-found', 'crd', ...definitions.keys()])
    }
  }
}

async function testWeather(): Promise<boolean> {
  const cluster = await openCluster('node', { say, signal })
  try {
    say('making the images …')
    const archives = await makeStoreImages(cluster.tool('image.py'), { say, signal })
    await show(cluster.tool('load'), archives, { env: cluster.env, signal, deadlineMs: 120_000, log: say })
    const inside = [cluster.tool('net')]
    return await runTests('weather.e2e.ts', cluster.env, WEATHER_DEADLINE_MS, inside)
  } finally {
    await cluster.close()
  }
}

/** Whether all passed. `before` is what the tests are run by. */
async function runTests(
  file: string,
  env: Record<string, string>,
  deadlineMs: number,
  before: string[] = [],
): Promise<boolean> {
  const tests = [process.execPath, '--test-reporter=spec', join(projectRoot, 'test', 'cluster', file)]
  const [command, ...args] = [...before, ...tests]
  const log = (line: string) => process.stdout.write(`${line}\n`)
  return (await show(command!, args, { env, signal, deadlineMs, log })) === 0
}
