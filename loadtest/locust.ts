// The same run with Locust as the sender: traffic.py in a Python environment of its own.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Progress } from './load.ts'
import { installVenv, runPython } from './python.ts'
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
const REQUIREMENTS = join(HERE, 'requirements.txt')
/** Locust starts in about 2 s and stops within one; past this it hangs. */
const START_AND_STOP_MS = 60_000

export async function runLocust(options: LocustOptions): Promise<LoadReport> {
  try {
    await installVenv(VENV, await readFile(REQUIREMENTS, 'utf8'), options.signal)
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
