// The report of an earlier run, as --json wrote it.
import { readFile } from 'node:fs/promises'
import { UsageError } from './options.ts'
import type { LoadReport } from './report.ts'

/** Throws a UsageError when the file is none. */
export async function readBaseline(file: string): Promise<Pick<LoadReport, 'eachSecond'>> {
  let report: Partial<LoadReport> & { runs?: Partial<LoadReport>[] }
  try {
    report = JSON.parse(await readFile(file, 'utf8')) as typeof report
  } catch (cause) {
    throw new UsageError([
      `--baseline cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
    ])
  }
  const eachSecond = (report.runs ?? [report]).flatMap((run) => run.eachSecond ?? [])
  if (eachSecond.length === 0)
    throw new UsageError([`--baseline ${file} is no report of seconds, as --json writes it`])
  return { eachSecond }
}
