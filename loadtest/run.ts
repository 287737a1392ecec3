#!/usr/bin/env node
// run: a data file's rows go to an HTTP intake, a report comes out.
import { writeFile } from 'node:fs/promises'
import { readRows, DataFileError } from './data-file.ts'
import { formatDuration } from './duration.ts'
import { runLoad } from './load.ts'
import { runLocust } from './locust.ts'
import { parseOptions, USAGE, UsageError, type RunOptions } from './options.ts'
import { startProgress } from './progress.ts'
import { PythonError } from './python.ts'
import { formatReport, type LoadReport } from './report.ts'

const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

process.exitCode = await main(process.argv.slice(2))

/** The exit code: 0 all accepted, 1 not all, 2 bad usage or data, 130 and 143 when stopped by a signal. */
async function main(args: string[]): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options === undefined) {
      process.stdout.write(USAGE)
      return 0
    }
    return await send(options)
  } catch (error) {
    if (error instanceof UsageError) {
      for (const mistake of error.mistakes) process.stderr.write(`run: ${mistake}\n`)
      process.stderr.write('run --help lists the flags\n')
      return 2
    }
    if (error instanceof DataFileError) {
      process.stderr.write(`${error.message}\n`)
      return 2
    }
    if (error instanceof PythonError) {
      process.stderr.write(`run: ${error.message}\n`)
      return 1
    }
    throw error
  }
}

async function send(options: RunOptions): Promise<number> {
  const { host, file, requests, concurrence, timeoutMs, rate, engine, json } = options
  const rows = await readRows(file)
  // Now, so that a wrong path is said before the run and not after it.
  if (json !== undefined) await writeJson(json, '')

  const stop = new AbortController()
  let exitCode: number | undefined
  for (const [signal, code] of Object.entries(SIGNAL_EXIT_CODES)) {
    process.on(signal, () => {
      if (exitCode !== undefined) process.exit(code)
      exitCode = code
      stop.abort()
    })
  }

  const startedAt = new Date()
  process.stderr.write(
    `${requests} requests from ${rows.length} rows of ${file} to ${host.href} over ${concurrence} ` +
      `${engine === 'locust' ? 'Locust users' : 'connections'}${rate === undefined ? '' : `, ${rate} a second`}, ` +
      `at most ${formatDuration(timeoutMs)}\n`,
  )
  const progress = startProgress(process.stderr, requests)
  const run = {
    host,
    requests,
    concurrence,
    timeoutMs,
    ...(rate !== undefined && { rate }),
    signal: stop.signal,
    onProgress: progress.show,
  }
  let report: LoadReport
  try {
    report =
      engine === 'locust'
        ? await runLocust({ ...run, file, spawnRate: options.spawnRate })
        : await runLoad({ ...run, rows })
  } finally {
    progress.done()
  }

  process.stdout.write(`${formatReport(report)}\n`)
  const verdict = verdictOf(report, options)
  if (verdict !== undefined) process.stderr.write(`run: ${verdict}\n`)
  if (json !== undefined) {
    const about = {
      startedAt,
      engine,
      host: host.href,
      file,
      requests,
      concurrence,
      ...(rate !== undefined && { rate }),
    }
    await writeJson(json, `${JSON.stringify({ ...about, ...report }, null, 2)}\n`)
  }
  return exitCode ?? (report.accepted === requests ? 0 : 1)
}

/** Why the run is not a full success, in one sentence. */
function verdictOf(report: LoadReport, { requests, timeoutMs, host }: RunOptions): string | undefined {
  const left = `${report.left} of ${requests} requests were left`
  switch (report.ended) {
    case 'timeout':
      return `stopped at the timeout of ${formatDuration(timeoutMs)}, ${left}`
    case 'interrupted':
      return `interrupted, ${left}`
    case 'unreachable':
      return `no intake answers at ${host.href} (${Object.keys(report.errors).join(', ')}), ${left}`
    case 'complete':
      return report.accepted === requests
        ? undefined
        : `${requests - report.accepted} of ${requests} were not accepted`
  }
}

async function writeJson(json: string, text: string): Promise<void> {
  try {
    await writeFile(json, text)
  } catch (cause) {
    throw new UsageError([
      `--json cannot be written (${cause instanceof Error ? cause.message : String(cause)})`,
    ])
  }
}
