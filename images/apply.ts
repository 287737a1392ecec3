// Brings an environment to the cluster that kubectl points at: image, manifests, and waits until all of it runs.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { pipelines } from '../pipelines/all.ts'
import { image } from '../pipelines/images.ts'
import { findEngine } from './engine.ts'
import { planApply, type Step } from './plan-apply.ts'

const { values } = parseArgs({ options: { env: { type: 'string', default: 'laptop' } } })
const context = spawnSync('kubectl', ['config', 'current-context'], { encoding: 'utf8' })
const found = findEngine()
const plan = planApply({
  environment: values.env,
  context: context.status === 0 ? context.stdout.trim() : undefined,
  registry: process.env['REGISTRY'],
  engine: 'engine' in found ? found.engine : found.complaints,
  image,
  namespaces: pipelines.map(({ namespace }) => namespace),
})
if ('mistakes' in plan) {
  process.stderr.write(plan.mistakes.map((mistake) => `make apply: ${mistake}\n`).join(''))
  process.exitCode = 2
} else process.exitCode = run(plan.steps)

/** The exit code of the first step that fails, or 0. */
function run(steps: Step[]): number {
  for (const [n, { says, command }] of steps.entries()) {
    process.stdout.write(`[${n + 1}/${steps.length}] ${says}\n        ${command.join(' ')}\n`)
    const { status, error } = spawnSync(command[0]!, command.slice(1), { stdio: 'inherit' })
    if (status !== 0) {
      process.stderr.write(`make apply: this failed${error ? `: ${error.message}` : ''}\n`)
      return status ?? 1
    }
  }
  rmSync('.local/image.tar', { force: true })
  return 0
}
