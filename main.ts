// Writes dist/: plain YAML of every environment and pipeline. What is no longer made is removed.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Yaml } from 'cdk8s'
import { exceeds } from './charts/budget.ts'
import { checkManifests } from './charts/checks.ts'
import { listContents, sumFolders } from './charts/contents.ts'
import { environments } from './charts/environment.ts'
import { buildEnvironment } from './charts/synth.ts'

const began = performance.now()
const outDir = process.env['CDK8S_OUTDIR'] ?? 'dist'
const all = environments.map((environment) => ({ environment, files: buildEnvironment(environment) }))
const mistakes = all.flatMap(({ environment, files }) => [
  ...checkManifests([...files.values()].flat()).map((mistake) => `${environment.name}: ${mistake}`),
  ...[exceeds(environment, sumFolders(files).atRest) ?? []].flat(),
])
if (mistakes.length > 0) {
  process.stderr.write(`${mistakes.map((mistake) => `error: ${mistake}`).join('\n')}\n`)
  process.exit(1)
}
const texts = new Map([['README.md', listContents(all)]])
for (const { environment, files } of all)
  for (const [path, objects] of files) texts.set(`${environment.name}/${path}`, Yaml.stringify(...objects))
rmSync(outDir, { recursive: true, force: true })
for (const [path, text] of texts) {
  const file = join(outDir, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
const objects = all.flatMap(({ files }) => [...files.values()].flat()).length
const seconds = ((performance.now() - began) / 1_000).toFixed(1)
process.stdout.write(`synth: ${objects} objects in ${texts.size - 1} files of ${outDir}/, in ${seconds} s\n`)
