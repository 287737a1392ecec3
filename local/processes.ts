// Runs child processes: ready or a clear error, lines to a log, stopped in time, never left behind.
import { execFile, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { colours as terminal } from './colours.ts'
import { guardGroup, releaseGroup, wakeWatchdog } from './watchdog.ts'

/** How a process ended; `code` is null when a signal ended it. */
export type Exit = { code: number | null; signal: NodeJS.Signals | null }

export type ProcessOptions = {
  name: string
  command: string
  args?: string[]
  /** Added to this process's own environment. */
  env?: Record<string, string>
  cwd?: string
  /** Gets each line of standard output and standard error. */
  log: (line: string) => void
  /** URL of a page that answers 200 when the process is ready, or an attempt that throws until it is. */
  ready?: string | (() => Promise<unknown>)
  /** Time to become ready. Each attempt must have a shorter one of its own. */
  deadlineMs: number
}

export type Process = {
  name: string
  pid: number
  exited: Promise<Exit>
  /** SIGTERM, then SIGKILL after 10 s; returns when the process has ended, at once when it already has. */
  stop(): Promise<void>
  /** Sends the signal; nothing happens when the process has ended. */
  kill(signal: NodeJS.Signals): void
  /** Resident memory; throws when the process has ended. */
  rssBytes(): Promise<number>
}

const stopDeadlineMs = 10_000
const readyPollMs = 20
const keptLines = 20

/**
 * Starts a process in a group of its own, so that Ctrl-C reaches us alone and stop() decides. Returns when it is
 * ready (without `ready`: when it runs). Throws, with its last lines, when it exits first or is too late.
 */
export async function startProcess(options: ProcessOptions): Promise<Process> {
  const { name, command, args = [], env, cwd, log, ready, deadlineMs } = options
  wakeWatchdog()
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  if (child.pid === undefined) {
    const [cause] = (await once(child, 'error')) as [NodeJS.ErrnoException]
    throw new Error(`${name}: cannot run ${command} (${cause.code}); make doctor says what is missing`, {
      cause,
    })
  }
  const { pid } = child
  guardGroup(pid)

  let ended = false
  const lastLines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lastLines.push(line)
      if (lastLines.length > keptLines) lastLines.shift()
      log(line)
    })
  }
  const closed = once(child, 'close')
  const exited = new Promise<Exit>((resolve) =>
    child.once('exit', (code, signal) => {
      ended = true
      releaseGroup(pid)
      resolve({ code, signal })
    }),
  )

  const kill = (signal: NodeJS.Signals) => {
    if (!ended) process.kill(pid, signal)
  }
  const stop = async () => {
    if (ended) return
    kill('SIGTERM')
    kill('SIGCONT') // a frozen process would not see the SIGTERM
    if (await within(stopDeadlineMs, exited)) return
    if (!ended) process.kill(-pid, 'SIGKILL')
    await exited
  }
  const failure = (what: string, cause?: unknown) =>
    new Error(
      [`${name} ${what}${lastLines.length > 0 ? '; its last lines:' : ''}`, ...lastLines].join('\n  '),
      {
        cause,
      },
    )

  const deadlineAt = Date.now() + deadlineMs
  const attempt = typeof ready === 'string' ? () => expectOk(ready) : ready
  while (attempt !== undefined) {
    const outcome = await Promise.race([
      exited.then((exit) => ({ exit })),
      attempt().then(
        () => 'ready' as const,
        (cause: unknown) => ({ cause }),
      ),
    ])
    if (outcome === 'ready') break
    if ('exit' in outcome) {
      await within(1_000, closed) // the last lines may still be in the pipe
      const { code, signal } = outcome.exit
      throw failure(`ended before it was ready (${code === null ? signal : `exit code ${code}`})`)
    }
    if (Date.now() > deadlineAt) {
      await stop()
      throw failure(`was not ready within ${deadlineMs / 1000} s`, outcome.cause)
    }
    await Promise.race([exited, delay(readyPollMs)])
  }
  return { name, pid, exited, stop, kill, rssBytes: () => readRssBytes(pid) }
}

async function expectOk(url: string) {
  const response = await fetch(url, { signal: AbortSignal.timeout(1_000) })
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
}

/** Whether the promise settled in that time. Leaves no timer behind. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const late = delay(ms, false, { signal: timer.signal }).catch(() => false)
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    timer.abort()
  }
}

// No `ps` on a slim Linux, no /proc on macOS.
async function readRssBytes(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) * 1024
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
  return Number(stdout) * 1024
}

const colours = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'red'] as const
let used = 0

/** Puts each line behind the name, in a colour of its own on a terminal, and hands it on. */
export function logWithPrefix(
  name: string,
  width = 12,
  log: (line: string) => void = console.log,
): (line: string) => void {
  const colour = colours[used++ % colours.length] ?? 'cyan'
  const prefix = terminal[colour](`${name.padEnd(width)} |`)
  return (line) => log(`${prefix} ${line}`)
}
