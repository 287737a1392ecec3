import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { getCached } from './cache.ts'

/** A cache entry whose builds are counted. */
function entryFor(t: TestContext) {
  const name = `test${process.pid}x${Math.floor(performance.now() * 1000)}`
  const state = { builds: 0, lines: [] as string[] }
  const get = async (input: string, fail = false) => {
    const dir = await getCached({
      name,
      title: 'Thing',
      doing: 'building',
      inputs: [input],
      isWhole: (folder) => existsSync(join(folder, 'part')),
      progress: (line) => state.lines.push(line),
      build: async (folder) => {
        state.builds++
        await writeFile(join(folder, 'part'), input)
        if (fail) throw new Error('no space')
      },
    })
    t.after(() => rm(dir, { recursive: true, force: true }))
    return dir
  }
  return { name, state, get }
}

test('what is built once is found again without a word', async (t) => {
  const { state, get } = entryFor(t)
  const [first, second] = await Promise.all([get('a'), get('a')])
  assert.equal(first, second)
  assert.equal(await get('a'), first)
  assert.equal(readFileSync(join(first, 'part'), 'utf8'), 'a')
  assert.equal(state.builds, 1)
  assert.deepEqual([state.lines[0], state.lines.length], ['Thing: building …', 2])
  assert.match(state.lines[1] ?? '', /^Thing: done after \d+\.\d s$/)
})

test('other inputs are built anew and replace the old', async (t) => {
  const { state, get } = entryFor(t)
  const old = await get('a')
  const dir = await get('b')
  assert.equal(readFileSync(join(dir, 'part'), 'utf8'), 'b')
  assert.equal(existsSync(old), false)
  assert.equal(state.builds, 2)
})

test('a build that fails is not kept, and is tried again', async (t) => {
  const { name, state, get } = entryFor(t)
  await assert.rejects(get('a', true), /no space/)
  const dir = await get('a')
  assert.equal(state.builds, 2)
  assert.ok(basename(dir).startsWith(name))
})

test('what has lost a part is built again', async (t) => {
  const { state, get } = entryFor(t)
  const dir = await get('a')
  await rm(join(dir, 'part'))
  assert.equal(await get('a'), dir)
  assert.equal(state.builds, 2)
})
