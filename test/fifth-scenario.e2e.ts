// A scenario is three files: in a copy of the project they are added, and nothing else is changed.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { findFreePort } from '../local/ports.ts'
import { projectRoot } from '../local/session.ts'
import type { UpState } from '../local/up-state.ts'
import { startBrowser } from './browser.ts'
import { defer } from './defer.ts'
import { until } from './until.ts'
import { visit } from './web/visit.ts'

const run = promisify(execFile)
const COMMAND_DEADLINE_MS = 150_000
const EVENTS = 10_000

/** No other test uses its topic and keys. */
const name = `harvest-${randomBytes(3).toString('hex')}`
const crops = ['café', 'maíz', 'frijol', 'cardamomo']

const proto = `syntax = "proto3";

package scenarios;

import "buf/validate/validate.proto";
import "freshet/v1/options.proto";

// A sack of something that was harvested.
message Harvest {
  option (freshet.v1.partition_key) = "crop";
  option (freshet.v1.live) = {
    count_by: {
      fields: ["crop"]
      max_keys: 100
    }
    histogram: {
      field: "pounds"
      bounds: [50, 100]
    }
    latest: 3
  };

  string crop = 1 [(buf.validate.field).string.min_len = 1];
  uint32 pounds = 2 [(buf.validate.field).uint32.lte = 200];
}
`

const pipeline = `import type { Pipeline } from './pipeline.ts'

export const pipeline: Pipeline = {
  name: '${name}',
  event: 'scenarios.Harvest',
  namespace: 'harvest',
  topic: { name: '${name}', partitions: 2 },
  database: '${name}',
  hops: {
    api: { pod: 'api', from: { http: 8080 }, to: [{ store: 'kafka' }] },
    archiver: { pod: 'archiver', from: { group: '${name}-archiver' }, to: [{ store: 'mongodb' }] },
    counter: { pod: 'counter', from: { group: '${name}-counter' }, to: [{ store: 'redis' }] },
  },
  query: { port: 8081 },
  rows: 'loadtest/data/harvest.json',
}
`

const rows = crops.map((crop, index) => ({ crop, pounds: 25 + index * 50 }))

/** Copies what git has or would add; packages and what was fetched are the project's own. */
async function copyProject(t: TestContext): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'freshet-copy-'))
  defer(t, () => rm(copy, { recursive: true, force: true }))
  const listed = await run('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: projectRoot })
  const files = listed.stdout.split('\0').filter((file) => file !== '')
  const folders = new Set(['.local/proto', ...files].map((file) => join(copy, dirname(file))))
  for (const folder of folders) await mkdir(folder, { recursive: true })
  await Promise.all(files.map((file) => cp(join(projectRoot, file), join(copy, file))))
  await cp(join(projectRoot, '.local/proto'), join(copy, '.local/proto'), { recursive: true })
  await symlink(join(projectRoot, 'node_modules'), join(copy, 'node_modules'))
  // Older than what was installed, so that nothing is installed anew through the link.
  for (const file of ['package.json', 'package-lock.json']) await utimes(join(copy, file), 0, 0)
  return copy
}

test('a fifth scenario is three files: check, demo and live page take it unchanged', async (t) => {
  const copy = await copyProject(t)
  // Of the make that runs the tests, nothing must reach this one.
  const {
    MAKEFLAGS: _flags,
    MFLAGS: _old,
    MAKELEVEL: _level,
    NODE_TEST_CONTEXT: _test,
    ...rest
  } = process.env
  const env = { ...rest, SHARED: join(projectRoot, process.env['SHARED'] ?? '../shared') }
  const options = { cwd: copy, env, timeout: COMMAND_DEADLINE_MS, maxBuffer: 10_000_000 }
  const make = async (...args: string[]) => {
    try {
      return (await run('make', args, options)).stdout
    } catch (cause) {
      const { stdout, stderr } = cause as { stdout: string; stderr: string }
      throw new Error(`make ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause })
    }
  }
  const added = { 'proto/scenarios/harvest.proto': proto, [`pipelines/${name}.ts`]: pipeline }
  for (const [file, text] of Object.entries(added)) await writeFile(join(copy, file), text)
  await writeFile(join(copy, 'loadtest/data/harvest.json'), `${JSON.stringify(rows, null, 2)}\n`)

  await make('gen')
  await make('synth')
  // `make check` asks git whether the generated code is committed.
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost']
  for (const command of [
    ['init', '-q'],
    ['add', '.'],
    [...author, 'commit', '-q', '--no-verify', '-m', 'five'],
  ])
    await run('git', command, options)
  await make('check')

  const shown = await make('demo', `PIPELINE=${name}`)
  assert.match(shown, /balanced/)
  const report = JSON.parse(await readFile(join(copy, '.local/reports/demo.json'), 'utf8')) as Record<
    string,
    unknown
  >
  assert.deepEqual([report['kafka'], report['mongodb'], report['redis']], [EVENTS, EVENTS, EVENTS])

  const up = spawn('make', ['up', `PIPELINE=${name}`, `PORT=${await findFreePort()}`], {
    ...options,
    stdio: 'ignore',
  })
  const ended = once(up, 'exit')
  defer(t, () => make('down').then(() => ended))
  const state = join(copy, '.local/up.json')
  // Being written it is there and empty.
  const readState = () =>
    readFile(state, 'utf8')
      .then((text) => JSON.parse(text) as UpState)
      .catch(() => undefined)
  await until('it is up', readState, COMMAND_DEADLINE_MS)
  const { queryUrl } = (await readState())!
  // The page has a widget for each view, and a form for the fields, without any code for them.
  const browser = await startBrowser(t)
  const { page, troubles } = await visit(t, browser, `${queryUrl}/live`)
  await page.waitForSelector(`[data-figure=total][data-value="${EVENTS}"]`)
  for (const title of ['By crop', 'pounds, in ranges', 'Latest events'])
    await page.waitForSelector(`h2:has-text("${title}")`)
  assert.equal(await page.locator('.card:has(h2:has-text("By crop")) .bars li').count(), crops.length)
  await page.goto(`${queryUrl}/`)
  for (const field of ['crop', 'pounds']) await page.getByLabel(field, { exact: true }).waitFor()
  assert.deepEqual(troubles, [])
  const live = (await (await fetch(`${queryUrl}/live`)).json()) as {
    total: number
    views: Record<string, object>
  }
  assert.equal(live.total, EVENTS)
  const each = EVENTS / crops.length
  assert.deepEqual(live.views['count:crop'], Object.fromEntries(crops.map((crop) => [crop, each])))
  assert.deepEqual(live.views['histogram:pounds'], { '<50': each, '[50,100)': each, '>=100': each * 2 })
  assert.equal(Object.keys(live.views['latest']!).length, 3)
})
