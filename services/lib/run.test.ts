import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { defer } from '../../test/defer.ts'
import { until } from '../../test/until.ts'

const imports = `
  import { run } from ${JSON.stringify(import.meta.resolve('./run.ts'))}
  import { ConfigError } from ${JSON.stringify(import.meta.resolve('./errors.ts'))}
  import { createLog } from ${JSON.stringify(import.meta.resolve('./log.ts'))}
  const log = createLog({ hop: 'test' })
`
/** Keeps a service alive, as a listening socket would. */
const alive = `const open = setInterval(() => {}, 1_000)\n`

type Program = { child: ChildProcess; stdout: () => string; stderr: () => string; ended: Promise<number> }

/** Runs a program that imports run, ConfigError and log. */
function start(t: TestContext, source: string): Program {
  const child = spawn(process.execPath, ['--input-type=module', '-e', imports + source], {
    env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => code as number)
  defer(t, () => child.kill('SIGKILL'))
  return { child, stdout: () => text.stdout, stderr: () => text.stderr, ended }
}

/** The messages of the log lines, in order. */
function messagesOf({ stdout }: Program): string[] {
  return stdout()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { message: string }).message)
}

const threeSteps = `
  ${alive}
  await run(log, async (life) => {
    for (const name of ['first', 'second', 'third']) {
      life.onStop(name, async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        log.info('released ' + name, { running: life.running() })
        if (name === globalThis.failing) throw new Error('stuck')
      })
    }
    log.info('started', { running: life.running() })
  })
`

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} releases each step once, last first, and exits with 0`, async (t) => {
    const program = start(t, threeSteps)
    await until('started', () => program.stdout().includes('started'))
    program.child.kill(signal)
    program.child.kill('SIGINT')
    assert.equal(await program.ended, 0, program.stderr())
    assert.deepEqual(messagesOf(program), [
      'started',
      'released third',
      'released second',
      'released first',
      'stopped',
    ])
    const running = [...program.stdout().matchAll(/"running":(\w+)/g)].map(([, value]) => value)
    assert.deepEqual(running, ['true', 'false', 'false', 'false'])
  })
}

test('a release that fails does not skip the others, and the exit code is 1', async (t) => {
  const program = start(t, `globalThis.failing = 'second'\n${threeSteps}`)
  await until('started', () => program.stdout().includes('started'))
  program.child.kill('SIGTERM')
  assert.equal(await program.ended, 1)
  assert.deepEqual(messagesOf(program).slice(1), [
    'released third',
    'released second',
    'release failed',
    'released first',
    'stopped',
  ])
})

const failures: [name: string, source: string][] = [
  ['fail()', `life.fail(new Error('no disk'))`],
  ['an exception that nobody caught', `setTimeout(() => { throw new Error('no disk') })`],
  ['a rejection that nobody caught', `void Promise.reject(new Error('no disk'))`],
  ['a start that fails after its first step', `throw new Error('no disk')`],
]
for (const [name, source] of failures) {
  test(`${name} releases what was opened and exits with 1`, async (t) => {
    const program = start(
      t,
      `${alive} await run(log, async (life) => {
        life.onStop('step', () => log.info('released'))
        ${source}
      })`,
    )
    assert.equal(await program.ended, 1, program.stderr())
    assert.match(program.stdout(), /no disk/)
    assert.deepEqual(messagesOf(program).slice(1), ['released', 'stopped'])
  })
}

test('bad configuration prints every mistake on stderr, nothing else, and exits with 2', async (t) => {
  const program = start(t, `await run(log, async () => { throw new ConfigError(['--to: is missing', 'b']) })`)
  assert.equal(await program.ended, 2)
  assert.equal(program.stderr(), 'error: --to: is missing\nerror: b\n')
  assert.equal(program.stdout(), '')
})

test('a release that never ends is reported at the deadline, and the exit code is 1', async (t) => {
  // A clock a hundred times as fast, so that the deadline of 25 s is a quarter of a second.
  const fast = `const real = setTimeout; globalThis.setTimeout = (run, ms, ...rest) => real(run, ms / 100, ...rest)\n`
  const program = start(
    t,
    `${fast} await run(log, async (life) => {
      life.onStop('stuck', () => new Promise(() => {}))
      life.fail('over')
    })`,
  )
  assert.equal(await program.ended, 1)
  assert.deepEqual(messagesOf(program), ['failed', 'a handle was left open'])
})
