import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

function imageWith(registry: string | undefined): string {
  const module = fileURLToPath(new URL('../pipelines/images.ts', import.meta.url))
  const { REGISTRY: _none, ...env } = process.env
  const { stdout } = spawnSync(process.execPath, ['-p', `require(${JSON.stringify(module)}).image`], {
    env: registry === undefined ? env : { ...env, REGISTRY: registry },
    encoding: 'utf8',
    timeout: 30_000,
  })
  return stdout.trim()
}

test('manifests and images of a registry name it, and others name none', () => {
  const plain = imageWith(undefined)
  assert.match(plain, /^freshet:\d+\.\d+\.\d+$/)
  assert.equal(imageWith(''), plain)
  assert.equal(imageWith('ghcr.io/school'), `ghcr.io/school/${plain}`)
})
