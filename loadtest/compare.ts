// Two runs against each other, with what is noise between them.
import { medianOf, percentileOf } from './bench/statistics.ts'
import type { LoadReport, Second } from './report.ts'

export type Change = {
  name: string
  unit: string
  before: number
  now: number
  /** As much as seconds of one run differ from each other: the larger of the two interquartile ranges. */
  noise: number
  verdict: 'better' | 'worse' | 'within the noise' | 'too short to say'
}

/** Fewer seconds than that have no quartiles. */
const LEAST_SECONDS = 4

const figures: { name: string; unit: string; of: (second: Second) => number; moreIsBetter: boolean }[] = [
  { name: 'accepted', unit: '/s', of: ({ accepted }) => accepted, moreIsBetter: true },
  { name: 'p50', unit: 'ms', of: ({ p50Ms }) => p50Ms, moreIsBetter: false },
  { name: 'p99', unit: 'ms', of: ({ p99Ms }) => p99Ms, moreIsBetter: false },
]

/** Compares medians over the seconds of each run. */
export function compareRuns(
  before: Pick<LoadReport, 'eachSecond'>,
  now: Pick<LoadReport, 'eachSecond'>,
): Change[] {
  return figures.map(({ name, unit, of, moreIsBetter }) => {
    const [old, fresh] = [before.eachSecond.map(of), now.eachSecond.map(of)]
    const change = { name, unit, before: medianOf(old), now: medianOf(fresh) }
    if (Math.min(old.length, fresh.length) < LEAST_SECONDS)
      return { ...change, noise: Number.NaN, verdict: 'too short to say' }
    const noise = Math.max(quartiles(old), quartiles(fresh))
    const gain = moreIsBetter ? change.now - change.before : change.before - change.now
    const verdict = Math.abs(gain) <= noise ? 'within the noise' : gain > 0 ? 'better' : 'worse'
    return { ...change, noise, verdict }
  })
}

function quartiles(values: number[]): number {
  return percentileOf(values, 75) - percentileOf(values, 25)
}
