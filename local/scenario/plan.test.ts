import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pipelines } from '../../pipelines/all.ts'
import { ConfigError } from '../../services/lib/errors.ts'
import { planScenario } from './plan.ts'

/** A project that has these files, and a sample. */
async function startProject(t: TestContext, files: string[] = [], sample = '{"text":"a"}') {
  const root = await mkdtemp(join(tmpdir(), 'freshet-plan-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), 'mine')
  }
  const from = join(root, 'sample.json')
  await writeFile(from, sample)
  return { root, from, pipelines, force: false, name: 'rain' }
}

const all = ['proto/scenarios/rain.proto', 'pipelines/rain.ts', 'loadtest/data/rain.json']

const refused: [string, Partial<Parameters<typeof planScenario>[0]>, string[], RegExp][] = [
  ['no name', { name: '' }, [], /^NAME is missing/],
  ['a name with signs', { name: '../rain' }, [], /^NAME=\.\.\/rain: lower-case letters and digits/],
  ['no sample', { from: '' }, [], /^FROM is missing/],
  ['a scenario that is there', {}, all, /^NAME=rain: .*is there already \(FORCE=1 replaces it\)/],
  [
    'a pipelines file that is no scenario, FORCE or not',
    { force: true },
    [all[1]!],
    /is there and no scenario/,
  ],
  ['the topic of another pipeline', { name: 'messages' }, [], /topic or database of weather has this name/],
]
for (const [what, wish, files, message] of refused) {
  test(`a scenario is refused: ${what}`, async (t) => {
    const project = await startProject(t, files)
    await assert.rejects(planScenario({ ...project, ...wish }), (thrown) => {
      assert.ok(thrown instanceof ConfigError)
      assert.match(thrown.mistakes[0]!, message)
      return true
    })
  })
}

test('mistakes of the name and of the sample are told at once', async (t) => {
  const project = await startProject(t, [], '[{"a":{}},{"b":[1]}]')
  await assert.rejects(planScenario({ ...project, name: 'Rain' }), (thrown) => {
    assert.ok(thrown instanceof ConfigError)
    assert.equal(thrown.mistakes.length, 3)
    return true
  })
  await writeFile(project.from, '')
  await assert.rejects(planScenario(project), /FROM=.*sample\.json: is empty, expected rows/)
})

test('FORCE replaces the three files of a scenario', async (t) => {
  const plan = await planScenario({ ...(await startProject(t, all)), force: true })
  assert.deepEqual([...plan.files.keys()], all)
})
