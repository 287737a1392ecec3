// What `run` prints under its report.
import { formatNumber } from './bench/report.ts'
import type { Change } from './compare.ts'
import type { Verdict } from './expectation.ts'
import { colours } from '../local/colours.ts'
import { alignColumns } from './align-columns.ts'
import type { RunReport } from './run-report.ts'
import type { TargetReport, Visible } from './target.ts'

export function formatTarget({ missing, drainedMs, visibleMs }: TargetReport): string {
  const short = Object.entries(missing).filter(([, count]) => count > 0)
  const arrived =
    short.length === 0
      ? `every store has what was accepted, ${formatNumber(drainedMs ?? 0)} ms after the last answer`
      : `missing: ${short.map(([store, count]) => `${formatNumber(count)} in ${store}`).join(', ')}`
  const seen = (name: string, of: Visible | undefined) =>
    of
      ? [
          `visible in ${name} after at most ${formatNumber(of.p50)} ms, p99 ${formatNumber(of.p99)} ms (${of.samples} receipts)`,
        ]
      : []
  return [arrived, ...seen('Redis', visibleMs.redis), ...seen('MongoDB', visibleMs.mongodb)].join('\n')
}

export function formatSideBySide(runs: (RunReport & { host: string })[]): string {
  return table([
    ['', 'accepted', 'requests/s', 'p50 ms', 'p99 ms', 'max ms'],
    ...runs.map(({ host, accepted, requestsPerSecond, latencyMs }) => [
      host,
      ...[accepted, requestsPerSecond, latencyMs.p50, latencyMs.p99, latencyMs.max].map(formatNumber),
    ]),
  ])
}

export function formatVerdicts(verdicts: Verdict[]): string {
  return table([
    ['expected', 'measured', ''],
    ...verdicts.map(({ text, value, met }) => [
      text,
      value === undefined ? '–' : formatNumber(value),
      met ? 'met' : 'MISSED',
    ]),
  ])
}

export function formatChanges(changes: Change[]): string {
  return table([
    ['against the baseline', 'before', 'now', 'noise', ''],
    ...changes.map(({ name, unit, before, now, noise, verdict }) => [
      `${name}, ${unit}`,
      formatNumber(before),
      formatNumber(now),
      Number.isNaN(noise) ? '–' : `± ${formatNumber(noise)}`,
      verdict,
    ]),
  ])
}

const paints: Record<string, (text: string) => string> = {
  met: colours.green,
  MISSED: colours.red,
  better: colours.green,
  worse: colours.red,
}

function table([head = [], ...rows]: string[][]): string {
  const faint = head.map((text) => ({ text, shown: colours.dim(text) }))
  const lines = rows.map((cells) => cells.map((text) => ({ text, shown: paints[text]?.(text) ?? text })))
  return alignColumns([faint, ...lines]).join('\n')
}
