// When requests are due in an open loop whose rate changes.

/** The rate goes in a straight line from that of the stage before (0 at first) to this one. */
export type Stage = {
  seconds: number
  /** Requests per second at its end. */
  rate: number
}

export type Arrivals = {
  /** How many are due until the last stage ends. */
  total: number
  /** When request n (from 0) is due, in milliseconds after the start; past the last stage at its rate. */
  dueMs: (n: number) => number
}

export function arrivalsOf(stages: readonly Stage[]): Arrivals {
  let from = { ms: 0, count: 0, rate: 0 }
  const segments = stages.map(({ seconds, rate }) => {
    const segment = { ...from, seconds, gain: (rate - from.rate) / seconds }
    from = {
      ms: from.ms + seconds * 1_000,
      count: from.count + ((from.rate + rate) / 2) * seconds,
      rate,
    }
    return { ...segment, endCount: from.count }
  })
  const end = from
  return {
    total: Math.floor(end.count),
    dueMs(n) {
      const segment = segments.find(({ endCount }) => n < endCount)
      if (!segment) return end.rate === 0 ? Infinity : end.ms + ((n - end.count) / end.rate) * 1_000
      const { ms, count, rate, gain } = segment
      const left = n - count
      // The time after which the area below a straight line is `left`.
      const seconds = gain === 0 ? left / rate : (Math.sqrt(rate ** 2 + 2 * gain * left) - rate) / gain
      return ms + seconds * 1_000
    },
  }
}
