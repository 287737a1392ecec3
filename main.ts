// Writes dist/: plain YAML of every environment and pipeline, and what stands beside them. What is no longer made is removed.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Yaml } from 'cdk8s'
import { buildBeside } from './charts/beside.ts'
import { exceeds } from './charts/budget.ts'
import { checkManifests } from './charts/checks.ts'
import { buildCloudRun } from './charts/cloud-run.ts'
import { listContents, sumFolders } from './charts/contents.ts'
import { environments } from './charts/environment.ts'
import { pipelines } from './pipelines/all.ts'
import { buildEnvironment, type Files } from './charts/synth.ts'

const began = performance.now()
const outDir = process.env['CDK8S_OUTDIR'] ?? 'dist'
const { repository } = JSON.parse(readFileSync('package.json', 'utf8')) as { repository: string }
/** Where Argo CD finds what is written here. */
const repositoryUrl = process.env['REPO_URL'] || repository
const all = environments.map((environment) => {
  const files = buildEnvironment(environment)
  return { environment, files, beside: buildBeside(environment, files, repositoryUrl) }
})
const mistakes = all.flatMap(({ environment, files, beside }) => [
  ...proofs(files, beside).map((mistake) => `${environment.name}: ${mistake}`),
  ...[exceeds(environment, sumFolders(files).atRest) ?? []].flat(),
])
if (mistakes.length > 0) {
  process.stderr.write(`${mistakes.map((mistake) => `error: ${mistake}`).join('\n')}\n`)
  process.exit(1)
}
const cloudRun = buildCloudRun(pipelines)
const texts = new Map([['README.md', listContents(all, cloudRun)]])
for (const { environment, files, beside } of all) {
  for (const [path, objects] of files) texts.set(`${environment.name}/${path}`, Yaml.stringify(...objects))
  for (const [path, objects] of beside) texts.set(path, Yaml.stringify(...objects))
}
for (const [path, objects] of cloudRun) texts.set(path, Yaml.stringify(...objects))
rmSync(outDir, { recursive: true, force: true })
for (const [path, text] of texts) {
  const file = join(outDir, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
const written = [...all.flatMap(({ files, beside }) => [files, beside]), cloudRun]
const objects = written.flatMap((files) => [...files.values()].flat()).length
const seconds = ((performance.now() - began) / 1_000).toFixed(1)
process.stdout.write(`synth: ${objects} objects in ${texts.size - 1} files of ${outDir}/, in ${seconds} s\n`)

/** What is applied on its own may need what an environment has, but must not be what completes it. */
function proofs(files: Files, beside: Files): string[] {
  const own = [...files.values()].flat()
  return [...new Set([own, [...own, ...beside.values()].flat()].flatMap(checkManifests))]
}
