// A scenario from a sample, in a copy of this project: three files, and its pipeline runs to a balanced audit.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test, type TestContext } from 'node:test'
import { defer } from '../../test/defer.ts'
import { projectRoot } from '../session.ts'

const MAKE_DEADLINE_MS = 120_000
const NOT_COPIED = ['node_modules', '.git', '.local']

/** What the copy shares with us: dependencies, and what `make` fetched. */
const SHARED = ['node_modules', '.local/proto', '.local/cache']

async function copyProject(t: TestContext): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'freshet-copy-'))
  defer(t, () => rm(copy, { recursive: true, force: true }))
  const filter = (path: string) => !NOT_COPIED.includes(relative(projectRoot, path))
  // Without its times, make would take every dependency for stale.
  await cp(projectRoot, copy, { recursive: true, filter, preserveTimestamps: true })
  await mkdir(join(copy, '.local'))
  for (const path of SHARED) await symlink(join(projectRoot, path), join(copy, path))
  return copy
}

/** Runs a verb of the copy; what its Makefile was given is not what ours was. */
async function make(cwd: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const { MAKEFLAGS: _flags, MAKEOVERRIDES: _overrides, NODE_TEST_CONTEXT: _context, ...env } = process.env
  const child = spawn('make', args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MAKE_DEADLINE_MS,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

const sample = Array.from({ length: 40 }, (_, n) => ({
  'Sensor ID': `s${n % 7}`,
  celsius: 15 + n / 4,
  visits: n % 9,
  at: 1_700_000_000_000 + n,
  ok: n % 3 === 0,
  note: `note "${n}" 😀`,
  ...(n % 5 > 0 && { site: ['norte', 'sur'][n % 2] }),
}))

test('a sample becomes a scenario that runs to a balanced audit, and is not overwritten unasked', async (t) => {
  const copy = await copyProject(t)
  // The servers are shared, so its topic and database must be no other's.
  const name = `sensors${randomBytes(3).toString('hex')}`
  const from = join(copy, 'sample.ndjson')
  await writeFile(from, sample.map((row) => JSON.stringify(row)).join('\n'))
  const before = await filesOf(copy)

  const made = await make(copy, 'scenario', `NAME=${name}`, `FROM=${from}`)
  assert.equal(made.code, 0, made.output)
  const files = [`loadtest/data/${name}.json`, `pipelines/${name}.ts`, `proto/scenarios/${name}.proto`]
  const added = (await filesOf(copy)).filter((file) => !before.includes(file))
  assert.deepEqual(added, [...files, `proto/gen/scenarios/${name}_pb.ts`].toSorted())
  for (const text of [`make demo PIPELINE=${name}`, 'partition key  sensor_id', 'JSON name "Sensor ID"'])
    assert.ok(made.output.includes(text), made.output)

  const demo = await make(copy, 'demo', `PIPELINE=${name}`)
  assert.equal(demo.code, 0, demo.output)
  const report = JSON.parse(await readFile(join(copy, '.local/reports/demo.json'), 'utf8')) as object
  const { pipeline, accepted, mongodb, redis, balanced } = report as Record<string, unknown>
  assert.deepEqual([pipeline, accepted, mongodb, redis, balanced], [name, 10_000, 10_000, 10_000, true])

  await writeFile(join(copy, files[1]!), '// mine now\n', { flag: 'a' })
  const again = await make(copy, 'scenario', `NAME=${name}`, `FROM=${from}`)
  assert.equal(again.code, 2)
  for (const file of files) assert.match(again.output, new RegExp(`${file} is there already`))
  assert.match(await readFile(join(copy, files[1]!), 'utf8'), /mine now/)
  const forced = await make(copy, 'scenario', `NAME=${name}`, `FROM=${from}`, 'FORCE=1')
  assert.equal(forced.code, 0, forced.output)
  assert.doesNotMatch(await readFile(join(copy, files[1]!), 'utf8'), /mine now/)
})

test('a sample that can be no schema writes nothing, and every mistake is told', async (t) => {
  const copy = await copyProject(t)
  const from = join(copy, 'sample.json')
  await writeFile(from, '[{"a": {"b": 1}, "c": 1}, {"c": "x"}]')
  const before = await filesOf(copy)
  const { code, output } = await make(copy, 'scenario', 'NAME=Not-A-Name', `FROM=${from}`)
  assert.equal(code, 2)
  for (const text of [
    'NAME=Not-A-Name: lower-case',
    'column "a": row 1 holds an object',
    'column "c": mixed types',
  ])
    assert.ok(output.includes(text), output)
  assert.deepEqual(await filesOf(copy), before)
})

/** The files of the folders that a scenario has files in. */
async function filesOf(root: string): Promise<string[]> {
  const folders = ['loadtest', 'pipelines', 'proto']
  const lists = folders.map(async (folder) => {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  })
  return (await Promise.all(lists)).flat().toSorted()
}
