// What a run is expected to be: `p99<50ms`, `rate>=1000`, `errors<=1%`.
import type { RunReport } from './run-report.ts'

type Subject = { unit: 'ms' | '%' | '/s' | ''; read: (report: RunReport) => number | undefined }

const latency = (percentile: keyof RunReport['latencyMs']): Subject => ({
  unit: 'ms',
  read: ({ accepted, latencyMs }) => (accepted > 0 ? latencyMs[percentile] : undefined),
})
const share = (count: (report: RunReport) => number): Subject => ({
  unit: '%',
  read: (report) => (report.sent > 0 ? (count(report) / report.sent) * 100 : undefined),
})
const visible = (store: 'redis' | 'mongodb', percentile: 'p50' | 'p99'): Subject => ({
  unit: 'ms',
  read: ({ target }) => target?.visibleMs[store]?.[percentile],
})

const subjects = new Map<string, Subject>([
  ['p50', latency('p50')],
  ['p90', latency('p90')],
  ['p99', latency('p99')],
  ['p99.9', latency('p999')],
  ['max', latency('max')],
  ['rate', { unit: '/s', read: ({ requestsPerSecond }) => requestsPerSecond }],
  ['accepted', share(({ accepted }) => accepted)],
  ['errors', share(({ sent, accepted }) => sent - accepted)],
  ['redis.p50', visible('redis', 'p50')],
  ['redis.p99', visible('redis', 'p99')],
  ['mongodb.p50', visible('mongodb', 'p50')],
  ['mongodb.p99', visible('mongodb', 'p99')],
  ['missing', { unit: '', read: ({ target }) => target && Math.max(...Object.values(target.missing)) }],
])

const comparisons = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
}
const inMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000 }

export type Expectation = { text: string; subject: string; than: keyof typeof comparisons; limit: number }

/** `value` is absent when the run has none: nothing was accepted, or no `--query` was asked. */
export type Verdict = { text: string; value?: number; met: boolean }

/** What stands against a text, or the expectation that it is. */
export function parseExpectation(text: string): Expectation | string {
  const [, subject = '', than = '', number = '', unit = ''] =
    /^\s*([a-z0-9.]+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(ms|s|m|%|\/s)?\s*$/.exec(text) ?? []
  if (subject === '') return `"${text}" is not like p99<50ms`
  const known = subjects.get(subject)
  if (!known) return `"${subject}" is none of ${[...subjects.keys()].join(', ')}`
  const factor = known.unit === 'ms' ? inMs[unit] : unit === '' || unit === known.unit ? 1 : undefined
  if (factor === undefined)
    return known.unit === 'ms'
      ? `"${subject}" is a time: ms, s or m must follow ${number}`
      : `"${subject}" is not measured in ${unit}`
  return {
    text: text.trim(),
    subject,
    than: than as Expectation['than'],
    limit: Number(number) * factor,
  }
}

/** A value that is not there meets nothing. */
export function judge({ text, subject, than, limit }: Expectation, report: RunReport): Verdict {
  const value = subjects.get(subject)!.read(report)
  if (value === undefined) return { text, met: false }
  return { text, value, met: comparisons[than](value, limit) }
}

/** Whether it can only be known from the query service. */
export function needsTarget({ subject }: Expectation): boolean {
  return subject === 'missing' || subject.includes('.p')
}
