// Prints what became of every cell, and keeps it in a file.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { projectRoot } from '../../local/session.ts'

/** Exactly one of `passed`, `impossible` (why) and `failed` (why) is there. */
export type Result = {
  source: string
  sink: string
  fault: string
  passed?: true
  impossible?: string
  failed?: string
  tookMs?: number
}

const reportFile = join(projectRoot, '.local', 'reports', 'conformance.json')

export async function writeReport(results: Result[], tookMs: number): Promise<void> {
  await mkdir(dirname(reportFile), { recursive: true })
  const at = new Date().toISOString()
  await writeFile(reportFile, `${JSON.stringify({ at, tookMs, cells: results }, null, 1)}\n`)
}

/** A line for each source and fault, a column for each sink; below it why cells are impossible, by number. */
export function tableOf(results: Result[], sources: string[], sinks: string[], faults: string[]): string {
  const reasons = [...new Set(results.flatMap(({ impossible }) => impossible ?? []))]
  const mark = (source: string, sink: string, fault: string) => {
    const cell = results.find((one) => one.source === source && one.sink === sink && one.fault === fault)
    if (cell?.passed) return 'passed'
    if (cell?.impossible !== undefined) return `– (${reasons.indexOf(cell.impossible) + 1})`
    return cell ? 'FAILED' : 'ABSENT'
  }
  const widths = sinks.map((sink) => Math.max(sink.length, 'passed'.length))
  const width = Math.max(...sources.flatMap((source) => faults.map((fault) => `${source} · ${fault}`.length)))
  const line = (title: string, cells: string[]) =>
    [title.padEnd(width), ...cells.map((cell, index) => cell.padEnd(widths[index]!))].join('  ').trimEnd()
  return [
    line('from · fault', sinks),
    ...sources.flatMap((source) =>
      faults.map((fault) =>
        line(
          `${source} · ${fault}`,
          sinks.map((sink) => mark(source, sink, fault)),
        ),
      ),
    ),
    ...reasons.map((reason, index) => `(${index + 1}) impossible: ${reason}`),
  ].join('\n')
}
