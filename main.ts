// Writes dist/: plain YAML of every environment and pipeline. What is no longer made is removed.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Yaml } from 'cdk8s'
import { checkManifests } from './charts/checks.ts'
import { environments } from './charts/environment.ts'
import { buildEnvironment } from './charts/synth.ts'

const began = performance.now()
const outDir = process.env['CDK8S_OUTDIR'] ?? 'dist'
const written = new Map<string, string>()
const mistakes: string[] = []
let objects = 0
for (const environment of environments) {
  const files = buildEnvironment(environment)
  for (const [path, manifests] of files)
    written.set(`${environment.name}/${path}`, Yaml.stringify(...manifests))
  const manifests = [...files.values()].flat()
  objects += manifests.length
  mistakes.push(...checkManifests(manifests).map((mistake) => `${environment.name}: ${mistake}`))
}
if (mistakes.length > 0) {
  process.stderr.write(`${mistakes.map((mistake) => `error: ${mistake}`).join('\n')}\n`)
  process.exit(1)
}
rmSync(outDir, { recursive: true, force: true })
for (const [path, text] of written) {
  const file = join(outDir, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
const seconds = ((performance.now() - began) / 1_000).toFixed(1)
process.stdout.write(`synth: ${objects} objects in ${written.size} files of ${outDir}/, in ${seconds} s\n`)
