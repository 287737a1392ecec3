// What one run of `run` was, with what the target said of itself.
import type { LoadReport } from './report.ts'
import type { TargetReport } from './target.ts'

export type RunReport = LoadReport & { target?: TargetReport }

/** Of a core; above it the sender may have been the limit. */
const BUSY = 0.85
const LATE = 0.01

/** Why a run says less than it seems to. */
export function warningsOf({ senderBusy, late, eachSecond }: RunReport): string[] {
  const warnings: string[] = []
  if (senderBusy > BUSY)
    warnings.push(
      `the sender used ${Math.round(senderBusy * 100)} % of a core, so it may have been the limit: send from more processes`,
    )
  if (late > LATE)
    warnings.push(
      `${(late * 100).toFixed(1)} % of the requests left later than due, for all connections were busy: the target was slower than the rate, or --concurrence too low`,
    )
  const [first, ...others] = eachSecond.map(({ p99Ms }) => p99Ms)
  if (first !== undefined && others.length >= 3 && first > 5 * Math.max(...others))
    warnings.push('the first second was by far the slowest: the target was cold')
  return warnings
}
