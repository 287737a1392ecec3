// The same run with Locust as the sender: traffic.py in a Python environment of its own.
import { spawn } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Progress } from './load.ts'
import { Tally, type Ending, type LoadReport } from './report.ts'

export type LocustOptions = {
  /** The data file; traffic.py reads it itself. */
  file: string
  host: URL
  requests: number
  /** Users. */
  concurrence: number
  /** Users started per second. */
  spawnRate: number
  timeoutMs: number
  rate?: number
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}

/** Python, its venv module or Locust is missing or fails; the message holds what it said. */
export class LocustError extends Error {}

/** What traffic.py writes; it counts the way `LoadReport` says. */
type Result = {
  byStatus: Record<string, number>
  errors: Record<string, number>
  latencyMicros: number[]
  seconds: number
  cpuSeconds: number
  unreachable: boolean
}

const HERE = fileURLToPath(new URL('.', import.meta.url))
const VENV = join(HERE, '../.local/venv')
/** A copy of requirements.txt, written last: the environment is whole and of this version. */
const STAMP = join(VENV, 'installed.txt')
const REQUIREMENTS = join(HERE, 'requirements.txt')
const INSTALL_TIMEOUT_MS = 10 * 60_000
/** Locust starts in about 2 s and stops within one; past this it hangs. */
const START_AND_STOP_MS = 60_000

export async function runLocust(options: LocustOptions): Promise<LoadReport> {
  try {
    await install(options.signal)
    return await runTraffic(options)
  } catch (error) {
    // Interrupted before traffic.py could write what it knew: nothing was counted.
    if (!options.signal?.aborted) throw error
    const { requests } = options
    return new Tally().report({ requests, seconds: 0, cpuSeconds: 0, ended: 'interrupted' })
  }
}

async function runTraffic(options: LocustOptions): Promise<LoadReport> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-locust-'))
  try {
    const reportFile = join(folder, 'report.json')
    await runPython(join(VENV, 'bin/locust'), locustArguments(options, reportFile), {
      timeoutMs: options.timeoutMs + START_AND_STOP_MS,
      okCodes: [0, 1], // 1: some requests failed, which the report says better
      ...(options.signal && { signal: options.signal }),
      onLine: (line) => options.onProgress?.(JSON.parse(line) as Progress),
    })
    const result = JSON.parse(await readFile(reportFile, 'utf8')) as Result
    return toReport(result, options)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function locustArguments(options: LocustOptions, reportFile: string): string[] {
  const { file, host, requests, concurrence, spawnRate, timeoutMs, rate } = options
  const flags = {
    locustfile: join(HERE, 'traffic.py'),
    host: host.href,
    users: concurrence,
    'spawn-rate': spawnRate,
    data: file,
    requests,
    'time-limit': timeoutMs / 1_000,
    report: reportFile,
    ...(rate !== undefined && { rate }),
  }
  const quiet = ['--headless', '--only-summary', '--skip-log', '--loglevel', 'ERROR']
  return [...quiet, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)]
}

function toReport(result: Result, options: LocustOptions): LoadReport {
  const tally = new Tally()
  for (const [status, count] of Object.entries(result.byStatus)) tally.answer(Number(status), count)
  for (const [kind, count] of Object.entries(result.errors)) tally.fail(kind, count)
  for (const micros of result.latencyMicros) tally.latency(micros)
  const whole =
    tally.answered + tally.failed === options.requests && result.errors['unanswered'] === undefined
  let ended: Ending = whole ? 'complete' : 'timeout'
  if (result.unreachable) ended = 'unreachable'
  else if (options.signal?.aborted && !whole) ended = 'interrupted'
  return tally.report({ ...result, requests: options.requests, ended })
}

/** Makes the environment on first use and whenever requirements.txt has changed. */
async function install(signal: AbortSignal | undefined): Promise<void> {
  const wanted = await readFile(REQUIREMENTS, 'utf8')
  const installed = await readFile(STAMP, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (installed === wanted) return
  process.stderr.write(`installing ${wanted.trim()} into .local/venv, once (about 20 s) …\n`)
  const limits = { timeoutMs: INSTALL_TIMEOUT_MS, ...(signal && { signal }) }
  await runPython('python3', ['-m', 'venv', '--clear', VENV], limits)
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]
  await runPython(join(VENV, 'bin/python'), pip, limits)
  await copyFile(REQUIREMENTS, STAMP)
}

type PythonRun = {
  timeoutMs: number
  okCodes?: number[]
  signal?: AbortSignal
  onLine?: (line: string) => void
}

async function runPython(command: string, args: string[], run: PythonRun): Promise<void> {
  run.signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Its own process group: a Ctrl-C on the terminal reaches it once, through us.
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }, // no __pycache__ beside traffic.py
  })
  const interrupt = () => child.kill('SIGINT')
  const deadline = setTimeout(() => child.kill('SIGKILL'), run.timeoutMs)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  createInterface({ input: child.stdout }).on('line', (line) => run.onLine?.(line))
  run.signal?.addEventListener('abort', interrupt)
  child.on('error', (cause) =>
    reject(new LocustError(`${command} does not start (${cause.message})`, { cause })),
  )
  child.on('close', (code, signal) => {
    if ((run.okCodes ?? [0]).includes(code ?? -1)) resolve()
    else
      reject(new LocustError(`${command} ended with ${signal ?? code}: ${said.trim() || 'it said nothing'}`))
  })
  try {
    await promise
  } finally {
    clearTimeout(deadline)
    run.signal?.removeEventListener('abort', interrupt)
  }
}
