import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { reasonOf } from './errors.ts'

/** The lines that a program writes with a log of `{ hop: 'api' }`. */
function linesOf(source: string): Record<string, unknown>[] {
  const program = `
    import { createLog } from ${JSON.stringify(import.meta.resolve('./log.ts'))}
    const log = createLog({ hop: 'api' })
    ${source}`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, LOG_LEVEL: 'debug' },
    encoding: 'utf8',
  })
  return stdout
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]))
}

test('a line is one JSON object: time, level, the base, the message, the fields', () => {
  const [line] = linesOf(
    `log.warn('text\\nof two lines', { offset: 2n ** 60n, cause: new TypeError('bad') })`,
  )
  assert.ok(Math.abs(Date.now() - Date.parse(String(line!['time']))) < 60_000)
  assert.deepEqual(
    { ...line, time: '' },
    {
      time: '',
      level: 'warn',
      hop: 'api',
      message: 'text\nof two lines',
      offset: '1152921504606846976',
      cause: 'TypeError: bad',
    },
  )
})

test('LOG_LEVEL picks the least level; without it, and with nonsense, it is info', () => {
  const lines = linesOf(`
    for (const least of ['debug', 'error', 'loud', '']) {
      process.env.LOG_LEVEL = least
      const each = createLog({ least })
      for (const level of ['debug', 'info', 'warn', 'error']) each[level](level)
    }`)
  const levelsAt = (least: string) =>
    lines.flatMap((line) => (line['least'] === least ? [line['level']] : []))
  assert.deepEqual(levelsAt('debug'), ['debug', 'info', 'warn', 'error'])
  assert.deepEqual(levelsAt('error'), ['error'])
  assert.deepEqual(levelsAt('loud'), ['info', 'warn', 'error'])
  assert.deepEqual(levelsAt(''), ['info', 'warn', 'error'])
})

test('the reason of anything thrown is its text', () => {
  assert.equal(reasonOf(new Error('no disk')), 'no disk')
  assert.equal(reasonOf(new RangeError()), 'RangeError')
  assert.equal(reasonOf('text'), 'text')
  assert.equal(reasonOf(undefined), 'undefined')
})
