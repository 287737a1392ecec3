// Builds the image from .local/build, with the first engine that answers.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { image } from '../pipelines/images.ts'
import { buildDir } from './bundle.ts'

const engines = ['docker', 'podman', 'buildah']
/** An engine whose daemon hangs counts as none. */
const INFO_DEADLINE_MS = 10_000

const complaints: string[] = []
const engine = engines.find((name) => {
  const info = spawnSync(name, ['info'], { encoding: 'utf8', timeout: INFO_DEADLINE_MS })
  if (info.status === 0) return true
  const late = (info.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT'
  const lastLine = info.stderr?.trim().split('\n').at(-1)
  if (late) complaints.push(`${name} info: no answer within ${INFO_DEADLINE_MS / 1_000} s`)
  else complaints.push(info.error ? `${name}: not on PATH` : `${name} info: ${lastLine}`)
  return false
})
if (engine) {
  const file = fileURLToPath(new URL('Dockerfile', import.meta.url))
  const base = process.env['BASE']
  const from = base ? ['--build-arg', `BASE=${base}`] : []
  const { status } = spawnSync(engine, ['build', '--file', file, '--tag', image, ...from, buildDir], {
    stdio: 'inherit',
  })
  if (status === 0) process.stdout.write(`${image}, built by ${engine}\n`)
  process.exitCode = status ?? 1
} else {
  process.stderr.write(
    `make images needs one of ${engines.join(', ')}, running:\n  ${complaints.join('\n  ')}\n`,
  )
  process.exitCode = 2
}
