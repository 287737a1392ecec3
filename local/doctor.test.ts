import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findMissing } from './doctor.mjs'

const program = fileURLToPath(new URL('doctor.mjs', import.meta.url))
const tools = /^(Java|Maven|Go) /

async function emptyDir(t: { after: (fn: () => Promise<void>) => void }) {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-doctor-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const missingTools = async (env: Record<string, string>) => {
  const { missing } = await findMissing(env)
  return missing.map(({ what }) => what).filter((what) => tools.test(what))
}

test('everything that is missing is said at once, with a line to install it on each system', async (t) => {
  const { missing } = await findMissing({ PATH: await emptyDir(t) })
  assert.deepEqual(
    missing.map(({ what }) => what).filter((what) => tools.test(what)),
    [
      'Java 17 or later, which runs Kafka',
      'Maven 3.6.3 or later, which fetches Kafka and Redis',
      'Go 1.24 or later, which builds the stand-in for MongoDB',
    ],
  )
  for (const { what, debian, macos } of missing.filter((entry) => tools.test(entry.what))) {
    assert.match(debian, /^sudo apt-get install -y /, what)
    assert.match(macos, /^brew install /, what)
  }
})

test('what a running server covers is not missing', async (t) => {
  const PATH = await emptyDir(t)
  assert.deepEqual(await missingTools({ PATH, KAFKA_BROKERS: 'a:9092', MONGO_URL: 'mongodb://a' }), [
    'Maven 3.6.3 or later, which fetches Redis',
  ])
  const all = { KAFKA_BROKERS: 'a:9092', MONGO_URL: 'mongodb://a', REDIS_URL: 'redis://a' }
  assert.deepEqual(await missingTools({ PATH, ...all }), [])
})

test('what a server on PATH covers is not missing', async (t) => {
  const PATH = await emptyDir(t)
  for (const name of ['mongod', 'redis-server']) {
    await writeFile(join(PATH, name), '#!/bin/sh\n')
    await chmod(join(PATH, name), 0o755)
  }
  assert.deepEqual(await missingTools({ PATH }), [
    'Java 17 or later, which runs Kafka',
    'Maven 3.6.3 or later, which fetches Kafka',
  ])
})

test('a tool that is too old, or that does not run, is missing', async (t) => {
  const PATH = await emptyDir(t)
  const scripts = {
    java: `echo 'openjdk version "11.0.2" 2019-01-15' >&2`,
    mvn: `printf '\\033[1mApache Maven 3.9.1\\033[m\\n'`,
    go: 'echo "cannot find GOROOT 1.30"; exit 1',
  }
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(PATH, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(PATH, name), 0o755)
  }
  const { found, missing } = await findMissing({ PATH, REDIS_URL: 'redis://a' })
  const why = Object.fromEntries(missing.map((entry) => [entry.what.split(' ')[0], entry.why]))
  assert.equal(why['Java'], `${PATH}/java is 11.0.2`)
  assert.equal(why['Go'], `${PATH}/go does not run`)
  assert.equal(found.find(({ what }) => what === 'Maven')?.detail, `3.9.1 (${PATH}/mvn)`)
})

test('it takes less than two seconds also when a tool hangs', async (t) => {
  const PATH = await emptyDir(t)
  await writeFile(join(PATH, 'mvn'), '#!/bin/sh\nwhile :; do :; done\n')
  await chmod(join(PATH, 'mvn'), 0o755)
  const startedAt = Date.now()
  const { found } = await findMissing({ PATH })
  assert.ok(Date.now() - startedAt < 2_000)
  assert.match(found.find(({ what }) => what === 'Maven')?.detail ?? '', /gave no version in time/)
})

test('the program runs before npm ci, and exits 2 with one message when something is missing', async (t) => {
  const tree = await emptyDir(t)
  await mkdir(join(tree, 'local'))
  await copyFile(program, join(tree, 'local/doctor.mjs'))
  const run = spawnSync(process.execPath, [join(tree, 'local/doctor.mjs')], {
    env: { PATH: tree, HOME: tree },
    encoding: 'utf8',
  })
  assert.equal(run.status, 2)
  assert.equal(run.stdout, '')
  assert.match(run.stderr, /^This machine lacks:\n- /)
  assert.match(
    run.stderr,
    / {4}Debian, Ubuntu: sudo apt-get install -y maven\n {4}macOS: brew install maven\n/,
  )
  assert.doesNotMatch(run.stderr, /at .*doctor\.mjs:\d/)
})

test('the program exits 0 with a table on this machine, which runs the tests', () => {
  const run = spawnSync(process.execPath, [program], { encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  assert.match(run.stdout, /^Node +\d+\.\d+\.\d+$/m)
  assert.match(run.stdout, /^Memory +\d/m)
})
