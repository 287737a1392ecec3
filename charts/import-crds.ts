// Writes imports/: typed classes for the custom resources of crds.ts, by `cdk8s import`, from definitions cut down to the
// newest served version without descriptions. `--crds folder` holds <project>/<kind>.yaml; otherwise the projects' own
// release files are fetched.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Yaml } from 'cdk8s'
import { crdSources, type CrdSource } from './crds.ts'

type Schema = {
  properties?: Record<string, Schema>
  items?: Schema
  additionalProperties?: Schema | boolean
  [key: string]: unknown
}
type Version = { name: string; served: boolean; storage: boolean; schema: { openAPIV3Schema: Schema } }
type Crd = {
  kind: 'CustomResourceDefinition'
  spec: { group: string; names: { kind: string; plural: string }; scope: string; versions: Version[] }
}

const root = fileURLToPath(new URL('..', import.meta.url))
const workDir = join(root, '.local', 'crds')

/** Cuts a schema down: no descriptions, no status, and `open` paths as anything. */
export function slimSchema(schema: Schema, open: string[], path = ''): Schema {
  if (
    path !== '' &&
    open.some((pattern) => matchesGlob(path.replaceAll('.', '/'), pattern.replaceAll('.', '/')))
  )
    return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const slim: Schema = { ...schema }
  delete slim['description']
  if (schema.properties)
    slim.properties = Object.fromEntries(
      Object.entries(schema.properties)
        .filter(([name]) => path !== '' || name !== 'status')
        .map(([name, part]) => [name, slimSchema(part, open, path === '' ? name : `${path}.${name}`)]),
    )
  if (schema.items) slim.items = slimSchema(schema.items, open, path)
  if (typeof schema.additionalProperties === 'object')
    slim.additionalProperties = slimSchema(schema.additionalProperties, open, `${path}.*`)
  return slim
}

/** v2 before v1 before v1beta2 before v1alpha1, as Kubernetes orders versions. */
export function newestServed(versions: Version[]): Version {
  const rank = ({ name }: Version): number => {
    const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(name) ?? []
    return (
      (stage === undefined ? 2 : stage === 'beta' ? 1 : 0) * 1e6 + Number(major) * 1e3 + Number(minor ?? 0)
    )
  }
  const newest = versions.filter(({ served }) => served).toSorted((a, b) => rank(b) - rank(a))[0]
  if (!newest) throw new Error('no version is served')
  return newest
}

async function readDefinitions(source: CrdSource, folder: string | undefined): Promise<Crd[]> {
  const found: Crd[] = []
  const files = folder
    ? source.kinds.map((kind) => join(folder, source.project, `${kind.toLowerCase()}.yaml`))
    : await Promise.all(source.urls.map((url) => download(url)))
  for (const file of files) found.push(...(Yaml.load(file) as Crd[]))
  return source.kinds.map((kind) => {
    const crd = found.find(
      (each) => each?.kind === 'CustomResourceDefinition' && each.spec.names.kind === kind,
    )
    if (!crd) throw new Error(`${source.project} ${source.release} has no ${kind} in ${files.join(', ')}`)
    return crd
  })
}

async function download(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(60_000) }).catch((cause: unknown) => {
    throw new Error(`${url} cannot be fetched; CRDS=folder names definitions that are at hand`, { cause })
  })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`)
  const file = join(workDir, url.replaceAll(/[^\w.-]+/g, '_'))
  writeFileSync(file, await answer.text())
  return file
}

/** Without descriptions the comments only repeat the names that they stand above. */
function removeComments(file: string): void {
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replaceAll(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '').replaceAll(/\n{3,}/g, '\n\n'))
}

async function writeImports(folder: string | undefined): Promise<void> {
  rmSync(workDir, { recursive: true, force: true })
  mkdirSync(workDir, { recursive: true })
  const groups = new Map<string, unknown[]>()
  const rows: string[] = []
  for (const source of crdSources) {
    for (const { spec } of await readDefinitions(source, folder)) {
      const { name, schema, storage } = newestServed(spec.versions)
      const slim = slimSchema(schema.openAPIV3Schema, source.open)
      const versions = [{ name, served: true, storage, schema: { openAPIV3Schema: slim } }]
      const metadata = { name: `${spec.names.plural}.${spec.group}` }
      const { group, names, scope } = spec
      const crd = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata }
      groups.set(group, [...(groups.get(group) ?? []), { ...crd, spec: { group, names, scope, versions } }])
      rows.push(`| ${names.kind} | ${group}/${name} | ${source.project} | ${source.release} |`)
    }
  }
  for (const file of readdirSync(join(root, 'imports'))) rmSync(join(root, 'imports', file))
  for (const [group, crds] of groups) {
    const file = join(workDir, `${group}.yaml`)
    writeFileSync(file, Yaml.stringify(...crds))
    const options = ['--language', 'typescript', '--output', 'imports', '--no-check-upgrade', '--no-save']
    execFileSync('cdk8s', ['import', file, ...options], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
  }
  for (const file of readdirSync(join(root, 'imports'))) removeComments(join(root, 'imports', file))
  const header = '# imports\n\nWritten by `make imports`; the list is `charts/crds.ts`.\n\n'
  const table = ['| kind | version | project | release |', '|---|---|---|---|', ...rows.toSorted()]
  writeFileSync(join(root, 'imports', 'README.md'), `${header}${table.join('\n')}\n`)
  const lines = readdirSync(join(root, 'imports')).map((file) =>
    readFileSync(join(root, 'imports', file), 'utf8'),
  )
  const total = lines.join('').split('\n').length
  process.stdout.write(`imports: ${rows.length} kinds in ${groups.size} files, ${total} lines\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { crds: { type: 'string' } } })
  await writeImports(values.crds)
}
