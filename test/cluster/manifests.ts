// What is in dist/, and the definitions that it needs.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { Yaml } from 'cdk8s'
import type { Manifest } from '../../charts/manifest.ts'
import { projectRoot } from '../../local/session.ts'
import { ConfigError } from '../../services/lib/errors.ts'
import type { Kubectl } from './kubectl.ts'

export type { Manifest }

/** An old release, whose definitions have the names of the new one's. */
const SUPERSEDED = 'strimzi-0.51'
const ESTABLISHED_DEADLINE = '60s'

/** The objects of the YAML files below a folder, in the order in which `kubectl apply -R` takes them. */
export function readManifests(folder: string): Manifest[] {
  const texts = yamlFiles(join(projectRoot, folder)).map((file) => readFileSync(file, 'utf8'))
  // cdk8s reads a file by a process of its own, so it gets one.
  const dir = join(projectRoot, '.local', 'cluster')
  mkdirSync(dir, { recursive: true })
  const whole = join(dir, `${basename(folder)}.yaml`)
  writeFileSync(whole, texts.join('---\n'))
  return Yaml.load(whole) as Manifest[]
}

export function namesOf(kind: string, objects: Manifest[]): string[] {
  return objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name)
}

/** `deployment.apps/intake`, as kubectl prints it. */
export function printedName({ apiVersion, kind, metadata }: Manifest): string {
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : ''
  return `${kind.toLowerCase()}${group}/${metadata.name}`
}

/** The CustomResourceDefinitions of CRDS= (or ../shared/crds) that the cluster lacks: their files by their names. */
export async function findMissingDefinitions(kubectl: Kubectl): Promise<Map<string, string>> {
  const folder = resolve(projectRoot, process.env['CRDS'] || '../shared/crds')
  const files = new Map<string, string>()
  for (const file of yamlFiles(folder)) {
    if (file.includes(`/${SUPERSEDED}/`)) continue
    const [, name] = /^metadata:$[\s\S]*?^ {2}name: (\S+)$/m.exec(readFileSync(file, 'utf8')) ?? []
    if (name) files.set(name, file)
  }
  if (files.size === 0)
    throw new ConfigError([`no definitions at ${folder}: CRDS= names a folder of them, one a file`])
  const known = await kubectl.run(['get', 'crd', '-o', 'jsonpath={.items[*].metadata.name}'])
  for (const name of known.split(' ')) files.delete(name)
  return files
}

/** Installs definitions and waits until they are served. */
export async function installDefinitions(kubectl: Kubectl, files: Map<string, string>): Promise<void> {
  if (files.size === 0) return
  const named = [...files.values()].flatMap((file) => ['-f', file])
  // By the server, because they are larger than the annotation that a client-side apply writes.
  await kubectl.run(['apply', '--server-side', ...named])
  const objects = [...files.keys()].map((name) => `crd/${name}`)
  await kubectl.run(['wait', '--for=condition=Established', `--timeout=${ESTABLISHED_DEADLINE}`, ...objects])
}

function yamlFiles(folder: string): string[] {
  let entries: string[]
  try {
    entries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  } catch {
    throw new ConfigError([`no folder ${folder}`])
  }
  return entries
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => join(folder, name))
}
