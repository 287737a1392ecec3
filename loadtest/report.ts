// What a run was: counted while it goes, then a report for machines and a table for people.
import { build, type Histogram } from 'hdr-histogram-js'

/** `unreachable`: the first connections failed, so nothing was tried further. */
export type Ending = 'complete' | 'timeout' | 'interrupted' | 'unreachable'

/** What was accepted in one second of a run. */
export type Second = { accepted: number; p50Ms: number; p99Ms: number; maxMs: number }

/** `sent` = all answers in `byStatus` + all `errors`; `sent + left` is what was asked for. */
export type LoadReport = {
  /** Requests that have an outcome, failed connections and unanswered ones included. */
  sent: number
  /** Answered 202. */
  accepted: number
  /** Never tried, because the run stopped before. */
  left: number
  byStatus: Record<string, number>
  /** By kind; `unanswered` is what was under way when the run stopped: it may or may not be stored. */
  errors: Record<string, number>
  /** From the start to the last outcome. */
  seconds: number
  /** Answers of any status. */
  requestsPerSecond: number
  /** Of accepted requests; all 0 when there are none. */
  latencyMs: { p50: number; p90: number; p99: number; p999: number; max: number }
  /** Whole seconds from the start, in order; empty where the sender does not say when (Locust). */
  eachSecond: Second[]
  /** Share (0 to 1) of the requests that left later than due, because every connection was busy; open loop only. */
  late: number
  /** CPU seconds of this process per second; near 1 means that the sender was the limit. */
  senderBusy: number
  ended: Ending
}

const HIGHEST_MICROS = 24 * 3_600_000_000
/** Of a second's percentiles: 1 %. */
const SECOND_DIGITS = 2

export class Tally {
  accepted = 0
  answered = 0
  failed = 0
  readonly byStatus = new Map<number, number>()
  readonly errors = new Map<string, number>()
  late = 0
  readonly #eachSecond: Second[] = []
  readonly #second: Histogram = build({
    highestTrackableValue: HIGHEST_MICROS,
    numberOfSignificantValueDigits: SECOND_DIGITS,
  })
  readonly #latencyMicros: Histogram = build({
    highestTrackableValue: HIGHEST_MICROS,
    numberOfSignificantValueDigits: 3,
  })

  answer(status: number, count = 1): void {
    this.answered += count
    if (status === 202) this.accepted += count
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + count)
  }

  fail(error: string, count = 1): void {
    this.failed += count
    this.errors.set(error, (this.errors.get(error) ?? 0) + count)
  }

  /** `atMs`: since the start; never before the one of the call before. */
  latency(micros: number, atMs?: number): void {
    const value = Math.min(Math.max(Math.round(micros), 1), HIGHEST_MICROS)
    this.#latencyMicros.recordValue(value)
    if (atMs === undefined) return
    this.#endSeconds(Math.floor(atMs / 1_000))
    this.#second.recordValue(value)
  }

  /** Closes the seconds before this one. */
  #endSeconds(now: number): void {
    while (this.#eachSecond.length < now) {
      const ms = (percentile: number) => this.#second.getValueAtPercentile(percentile) / 1_000
      this.#eachSecond.push({
        accepted: this.#second.totalCount,
        p50Ms: ms(50),
        p99Ms: ms(99),
        maxMs: this.#second.maxValue / 1_000,
      })
      this.#second.reset()
    }
  }

  report(run: { requests: number; seconds: number; cpuSeconds: number; ended: Ending }): LoadReport {
    const sent = this.answered + this.failed
    const ms = (percentile: number) => this.#latencyMicros.getValueAtPercentile(percentile) / 1_000
    if (this.#eachSecond.length > 0 || this.#second.totalCount > 0) this.#endSeconds(Math.floor(run.seconds))
    const perSecond = (count: number) => (run.seconds > 0 ? count / run.seconds : 0)
    return {
      sent,
      accepted: this.accepted,
      left: run.requests - sent,
      byStatus: Object.fromEntries(this.byStatus),
      errors: Object.fromEntries(this.errors),
      seconds: round(run.seconds, 3),
      requestsPerSecond: round(perSecond(this.answered), 1),
      latencyMs: { p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9), max: ms(100) },
      eachSecond: this.#eachSecond,
      late: sent > 0 ? round(this.late / sent, 4) : 0,
      senderBusy: round(perSecond(run.cpuSeconds), 2),
      ended: run.ended,
    }
  }
}

/** The table under a finished run. */
export function formatReport(report: LoadReport): string {
  const { sent, accepted, left, byStatus, errors, latencyMs } = report
  const refused = Object.entries(byStatus).filter(([status]) => status !== '202')
  const lines: [string, string][] = [
    ['sent', count(sent)],
    ['accepted (202)', count(accepted)],
    ['refused', count(sum(refused))],
    ...refused.map(([status, n]): [string, string] => [`  ${status}`, count(n)]),
    ['errors', count(sum(Object.entries(errors)))],
    ...Object.entries(errors).map(([kind, n]): [string, string] => [`  ${kind}`, count(n)]),
    ...(left > 0 ? [['left (never sent)', count(left)] satisfies [string, string]] : []),
    ['seconds', report.seconds.toFixed(2)],
    ['requests/s', count(Math.round(report.requestsPerSecond))],
    ['sender CPU', `${Math.round(report.senderBusy * 100)} % of a core`],
  ]
  const nameWidth = Math.max(...lines.map(([name]) => name.length))
  const valueWidth = Math.max(...lines.map(([, value]) => /^[\d.,]*/.exec(value)?.[0].length ?? 0))
  const table = lines.map(([name, value]) => {
    const [number = ''] = /^[\d.,]*/.exec(value) ?? []
    return `${name.padEnd(nameWidth)}  ${number.padStart(valueWidth)}${value.slice(number.length)}`
  })
  const columns = {
    p50: latencyMs.p50,
    p90: latencyMs.p90,
    p99: latencyMs.p99,
    'p99.9': latencyMs.p999,
    max: latencyMs.max,
  }
  const head = Object.keys(columns).map((name) => name.padStart(10))
  const row = Object.values(columns).map((ms) => (accepted > 0 ? ms.toFixed(2) : '-').padStart(10))
  return [
    ...table,
    '',
    `${'latency'.padEnd(12)}${head.join('')}`,
    `${'  ms (202)'.padEnd(12)}${row.join('')}`,
  ].join('\n')
}

const sum = (entries: [string, number][]) => entries.reduce((total, [, n]) => total + n, 0)
const count = (n: number) => n.toLocaleString('en-US')
const round = (value: number, digits: number) => Number(value.toFixed(digits))
