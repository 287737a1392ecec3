// Builds the image from .local/build, with the first engine that answers.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { image } from '../pipelines/images.ts'
import { buildDir } from './bundle.ts'
import { findEngine } from './engine.ts'

const found = findEngine()
if ('engine' in found) {
  const file = fileURLToPath(new URL('Dockerfile', import.meta.url))
  const base = process.env['BASE']
  const from = base ? ['--build-arg', `BASE=${base}`] : []
  const { status } = spawnSync(found.engine, ['build', '--file', file, '--tag', image, ...from, buildDir], {
    stdio: 'inherit',
  })
  if (status === 0) process.stdout.write(`${image}, built by ${found.engine}\n`)
  process.exitCode = status ?? 1
} else {
  process.stderr.write(`make images: ${found.complaints.join('\n')}\n`)
  process.exitCode = 2
}
