#!/usr/bin/env node
// run: a data file's rows go to an HTTP intake, or to several in turn; a report comes out.
import { writeFile } from 'node:fs/promises'
import { arrivalsOf } from './arrivals.ts'
import { readBaseline } from './baseline.ts'
import { compareRuns } from './compare.ts'
import { readRows, DataFileError, type Row } from './data-file.ts'
import { formatDuration } from './duration.ts'
import { judge } from './expectation.ts'
import { formatChanges, formatSideBySide, formatTarget, formatVerdicts } from './format-run.ts'
import { runLoad } from './load.ts'
import { runLocust } from './locust.ts'
import { parseOptions, USAGE, UsageError, type RunOptions } from './options.ts'
import { startProgress } from './progress.ts'
import { PythonError } from './python.ts'
import { formatReport } from './report.ts'
import { renderRunPage } from './run-page.ts'
import { warningsOf, type RunReport } from './run-report.ts'
import { TargetError, watchTarget } from './target.ts'

const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

process.exitCode = await main(process.argv.slice(2))

/**
 * The exit code: 0 all accepted and as expected, 1 not all accepted, 2 bad usage or data, 3 not as expected, 130 and 143
 * when stopped by a signal.
 */
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
    if (error instanceof PythonError || error instanceof TargetError) {
      process.stderr.write(`run: ${error.message}\n`)
      return 1
    }
    throw error
  }
}

async function send(options: RunOptions): Promise<number> {
  const { hosts, rounds, file, requests, concurrence, rate, stages, engine, expectations, json, html } =
    options
  const rows = await readRows(file)
  // Now, so that a wrong path is said before the run and not after it.
  const baseline = options.baseline === undefined ? undefined : await readBaseline(options.baseline)
  await write('json', json, '')
  await write('html', html, '')

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
  const runs: (RunReport & { host: string })[] = []
  for (let round = 0; round < rounds; round++)
    for (const host of hosts) {
      if (stop.signal.aborted) break
      const report = await sendTo(host, rows, options, stop.signal)
      runs.push({ host: host.href, ...report })
      process.stdout.write(`${formatReport(report)}\n`)
      if (report.target) process.stdout.write(`\n${formatTarget(report.target)}\n`)
      const ending = endingOf(report, host, options)
      if (ending !== undefined) process.stderr.write(`run: ${ending}\n`)
    }

  const warnings = [...new Set(runs.flatMap(warningsOf))]
  const verdicts = runs.flatMap((run) =>
    expectations.map((expectation) => ({ host: run.host, ...judge(expectation, run) })),
  )
  const now = { eachSecond: runs.flatMap(({ eachSecond }) => eachSecond) }
  const changes = baseline && compareRuns(baseline, now)
  if (runs.length > 1) process.stdout.write(`\n${formatSideBySide(runs)}\n`)
  if (verdicts.length > 0) process.stdout.write(`\n${formatVerdicts(verdicts)}\n`)
  if (changes) process.stdout.write(`\n${formatChanges(changes)}\n`)
  for (const warning of warnings) process.stderr.write(`run: ${warning}\n`)

  const about = {
    startedAt: startedAt.toISOString(),
    engine,
    file,
    requests,
    concurrence,
    ...(rate !== undefined && { rate }),
    ...(stages && { stages }),
  }
  // One run is the report; of several, `runs` has each.
  const report = {
    ...about,
    ...(runs.length === 1 ? runs[0] : { runs }),
    verdicts,
    warnings,
    ...(changes && { changes }),
  }
  await write('json', json, `${JSON.stringify(report, null, 2)}\n`)
  await write(
    'html',
    html,
    renderRunPage({ ...about, runs, verdicts, warnings, ...(changes && { changes }) }),
  )

  if (exitCode !== undefined) return exitCode
  // Who says how much may go wrong has said that not all need be accepted.
  const tolerant = expectations.some(({ subject }) => subject === 'accepted' || subject === 'errors')
  if (!tolerant && runs.some(({ accepted }) => accepted < requests)) return 1
  return verdicts.every(({ met }) => met) ? 0 : 3
}

/** One run against one intake. */
async function sendTo(host: URL, rows: Row[], options: RunOptions, signal: AbortSignal): Promise<RunReport> {
  const { file, requests, concurrence, timeoutMs, rate, stages, engine, query } = options
  const pace = stages
    ? `, ${stages.map((stage) => `${formatDuration(stage.seconds * 1_000)} to ${stage.rate}`).join(', ')} a second`
    : rate === undefined
      ? ''
      : `, ${rate} a second`
  process.stderr.write(
    `${requests} requests from ${rows.length} rows of ${file} to ${host.href} over ${concurrence} ` +
      `${engine === 'locust' ? 'Locust users' : 'connections'}${pace}, at most ${formatDuration(timeoutMs)}\n`,
  )
  const target = query && (await watchTarget(query))
  const progress = startProgress(process.stderr, requests)
  const run = {
    host,
    requests,
    concurrence,
    timeoutMs,
    ...(rate !== undefined && { rate }),
    signal,
    onProgress: progress.show,
  }
  try {
    const report =
      engine === 'locust'
        ? await runLocust({ ...run, file, spawnRate: options.spawnRate })
        : await runLoad({
            ...run,
            rows,
            ...(stages && { dueMs: arrivalsOf(stages).dueMs }),
            ...(target && { onAccepted: target.onAccepted }),
          })
    return target ? { ...report, target: await target.finish(report.accepted) } : report
  } finally {
    progress.done()
  }
}

/** Why a run is not a full success, in one sentence. */
function endingOf(report: RunReport, host: URL, { requests, timeoutMs }: RunOptions): string | undefined {
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

async function write(flag: string, file: string | undefined, text: string): Promise<void> {
  if (file === undefined) return
  try {
    await writeFile(file, text)
  } catch (cause) {
    throw new UsageError([
      `--${flag} cannot be written (${cause instanceof Error ? cause.message : String(cause)})`,
    ])
  }
}
