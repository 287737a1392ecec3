// Our own sender as the load generator: the `run` command in several processes.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LoadReport } from '../report.ts'
import type { Generator, LoadResult } from './generator.ts'
import { lastLines, runProgram } from './run-program.ts'

const command = fileURLToPath(new URL('../run.ts', import.meta.url))
/** One process sends some 90,000 requests a second (client.ts), fewer than a bare server answers. */
const PROCESSES = 2
/** More than can be sent: the time ends the run. */
const ENDLESS = 1_000_000_000
const START_AND_STOP_MS = 15_000

export function createSenders(rowsFile: string, scratch: string): Generator {
  return {
    name: `own sender, ${PROCESSES} processes`,
    cores: PROCESSES,
    async run({ url, connections, seconds }) {
      const shares = Array.from({ length: PROCESSES }, (_, index) =>
        Math.floor((connections + index) / PROCESSES),
      )
      const reports = await Promise.all(
        shares.map((share, index) =>
          send({
            rowsFile,
            url,
            connections: share,
            requests: ENDLESS,
            seconds,
            reportFile: join(scratch, `sender-${index}.json`),
          }),
        ),
      )
      return joinReports(reports)
    },
  }
}

export type Send = {
  rowsFile: string
  url: URL
  connections: number
  requests: number
  /** The run ends then, whatever is left. */
  seconds: number
  /** Requests a second; as fast as the answers come when absent. */
  rate?: number
  reportFile: string
}

/** One process of the `run` command, to its end. */
export async function send(options: Send): Promise<LoadReport> {
  const { rowsFile, url, connections, requests, seconds, rate, reportFile } = options
  const flags = ['-f', rowsFile, '-c', connections, '-n', requests, '-t', `${seconds}s`, '-j', reportFile]
  if (rate !== undefined) flags.push('-r', rate)
  const deadlineMs = seconds * 1_000 + START_AND_STOP_MS
  const args = ['--disable-warning=ExperimentalWarning', command, '-H', url.href, ...flags.map(String)]
  const ended = await runProgram(process.execPath, args, deadlineMs)
  const json = await readFile(reportFile, 'utf8').catch(() => '')
  if (json === '') throw new Error(`the sender failed:\n  ${lastLines(ended)}`)
  return JSON.parse(json) as LoadReport
}

/** What several senders did together. Throws when a request failed or was refused. */
export function joinReports(reports: LoadReport[]): LoadResult {
  const sum = { accepted: 0, perSecond: 0, cpu: 0 }
  for (const report of reports) {
    checkReport(report)
    sum.accepted += report.accepted
    sum.perSecond += report.requestsPerSecond
    sum.cpu += report.senderBusy
  }
  return sum
}

/** What is under way when the time ends is `unanswered`; everything else must have been accepted. */
export function checkReport({ byStatus, errors, sent, ended }: LoadReport): void {
  const failed = Object.entries({ ...byStatus, ...errors }).filter(
    ([kind]) => kind !== '202' && kind !== 'unanswered',
  )
  if (failed.length === 0 && (ended === 'timeout' || ended === 'complete')) return
  const kinds = failed.map(([kind, count]) => `${kind} ${count}`)
  throw new Error(`of ${sent} requests some were not accepted: ${[ended, ...kinds].join(', ')}`)
}
