// Medians, spreads and ratios of rounds.

export type Spread = { median: number; least: number; most: number }

/** The middle value; the mean of the two middle ones when there are two. NaN of nothing. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  if (sorted.length === 0) return Number.NaN
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)]!
  return (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: medianOf(values), least: Math.min(...values), most: Math.max(...values) }
}

/** The nearest-rank percentile (0 to 100). NaN of nothing. */
export function percentileOf(values: readonly number[], percentile: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)] ?? Number.NaN
}

/** Round by round, so that what slowed the machine in one round slowed both sides of its ratio. */
export function ratiosOf(values: readonly number[], to: readonly number[]): number[] {
  if (values.length !== to.length)
    throw new RangeError(`${values.length} rounds against ${to.length} have no pairs`)
  return values.map((value, round) => value / to[round]!)
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
