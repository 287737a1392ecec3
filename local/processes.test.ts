import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from './ports.ts'
import { startProcess, type ProcessOptions } from './processes.ts'

/** Runs a program text under Node and keeps its lines. */
async function startProgram(program: string, options: Partial<ProcessOptions> = {}) {
  const lines: string[] = []
  const started = await startProcess({
    name: 'program',
    command: process.execPath,
    args: ['-e', program],
    log: (line) => lines.push(line),
    deadlineMs: 10_000,
    ...options,
  })
  return { ...started, lines }
}

const listen = (port: number, rest = '') =>
  `require('http').createServer((_, response) => response.end()).listen(${port}, '127.0.0.1');${rest}`

test('a process is ready when its page answers 200', async () => {
  const port = await findFreePort()
  const server = await startProgram(listen(port, `console.log('hello')`), {
    ready: `http://127.0.0.1:${port}/`,
  })
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200)
  assert.deepEqual(server.lines, ['hello'])
  assert.ok((await server.rssBytes()) > 1_000_000)
  await server.stop()
  assert.deepEqual(await server.exited, { code: null, signal: 'SIGTERM' })
  await server.stop()
  server.kill('SIGKILL')
})

test('a process that ends before it is ready is an error with its last lines', async () => {
  const port = await findFreePort()
  const program = `console.error('the reason'); process.exit(3)`
  await assert.rejects(startProgram(program, { ready: `http://127.0.0.1:${port}/` }), {
    message: 'program ended before it was ready (exit code 3); its last lines:\n  the reason',
  })
})

test('a process that is not ready in time is stopped, and the error says what the page answered', async () => {
  const port = await findFreePort()
  const program = `require('http').createServer((_, r) => r.writeHead(503).end()).listen(${port}, '127.0.0.1')`
  const late = startProgram(program, { ready: `http://127.0.0.1:${port}/`, deadlineMs: 1_500 })
  await assert.rejects(late, (error: Error) => {
    assert.match(error.message, /^program was not ready within 1.5 s/)
    assert.match(String(error.cause), /answered 503/)
    return true
  })
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`))
})

test('a program that is not installed is an error that names it', async () => {
  await assert.rejects(
    startProgram('', { command: 'no-such-program' }),
    /program: cannot run no-such-program \(ENOENT\)/,
  )
})

test('a frozen process stops', async () => {
  const port = await findFreePort()
  const server = await startProgram(listen(port), { ready: `http://127.0.0.1:${port}/` })
  server.kill('SIGSTOP')
  await server.stop()
  assert.deepEqual(await server.exited, { code: null, signal: 'SIGTERM' })
})

// Both listen: an ended process that nobody has waited for yet still has its id, but no port.
test('a process and its children die with their parent, however it dies', async () => {
  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM'] as const) {
    const ports = [await findFreePort(), await findFreePort()] as const
    const spawnOwn = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(listen(ports[1]))}])`
    const child = listen(ports[0], `process.on('SIGTERM', () => {});${spawnOwn}`)
    const parent = `
      const { startProcess } = await import(${JSON.stringify(new URL('processes.ts', import.meta.url).href)})
      await startProcess({ name: 'child', command: process.execPath, args: ['-e', ${JSON.stringify(child)}],
        log: (line) => console.log(line), deadlineMs: 5000 })`
    const started = spawn(process.execPath, ['--input-type=module', '-e', parent], { stdio: 'inherit' })
    for (const port of ports) await waitUntil(`port ${port} answers`, () => answers(port))
    started.kill(signal)
    for (const port of ports) await waitUntil(`port ${port} is closed`, async () => !(await answers(port)))
  }
})

test('a process leads a group of its own, so that Ctrl-C at a terminal reaches its parent alone', async () => {
  const started = await startProgram('setInterval(() => {}, 1000)')
  process.kill(-started.pid, 0) // throws when there is no such group
  await started.stop()
})

async function answers(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) }).then(
    (response) => response.ok,
    () => false,
  )
}

async function waitUntil(what: string, condition: () => Promise<boolean>) {
  for (const endAt = Date.now() + 10_000; !(await condition()); await delay(20)) {
    assert.ok(Date.now() < endAt, `in vain: ${what}`)
  }
}
