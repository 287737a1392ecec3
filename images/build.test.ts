import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { image } from '../pipelines/images.ts'

const program = fileURLToPath(new URL('build.ts', import.meta.url))

/** Runs `build.ts` with only these commands on PATH; the text is a shell script. */
async function buildWith(t: TestContext, commands: Record<string, string>, env: Record<string, string> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-engines-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  for (const [name, script] of Object.entries(commands)) {
    await writeFile(join(dir, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(dir, name), 0o755)
  }
  const options = { env: { PATH: dir, DIR: dir, ...env }, encoding: 'utf8', timeout: 30_000 } as const
  const result = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program], options)
  return { ...result, dir }
}

test('without an engine it says of each what is missing, with exit code 2', async (t) => {
  const { status, stderr } = await buildWith(t, { podman: 'echo first >&2; echo no daemon >&2; exit 1' })
  assert.equal(status, 2)
  assert.match(stderr, /^make images: one of docker, podman, buildah must run:$/m)
  assert.match(stderr, /^ {2}docker: not on PATH$/m)
  assert.match(stderr, /^ {2}podman info: no daemon$/m)
  assert.match(stderr, /^ {2}buildah: not on PATH$/m)
})

test('the first engine that answers info builds the image under its name, from the base that is asked for', async (t) => {
  const records = 'test "$1" = info || echo "$0" "$@" >>"$DIR/calls"'
  const commands = { docker: 'exit 1', podman: records, buildah: records }
  const { status, stderr, dir } = await buildWith(t, commands, { BASE: 'other@sha256:1' })
  assert.equal(status, 0, stderr)
  const calls = (await readFile(join(dir, 'calls'), 'utf8')).trimEnd().split('\n')
  assert.equal(calls.length, 1)
  assert.match(
    calls[0]!,
    new RegExp(
      `/podman build --file \\S+/images/Dockerfile --tag ${image} --build-arg BASE=other@sha256:1 \\S+/build$`,
    ),
  )
})

test('a build that fails is a failure', async (t) => {
  const { status, stdout } = await buildWith(t, { docker: 'test "$1" = info' })
  assert.equal(status, 1)
  assert.equal(stdout, '')
})
