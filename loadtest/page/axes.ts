// Axes of plots: which numbers stand on them, and where a value is.

export type Axis = {
  /** From 0 to 1. */
  at: (value: number) => number
  ticks: number[]
}

/** Round steps that leave three to six ticks. */
const STEPS = [1, 2, 2.5, 5, 10]
const MOST_STEPS = 5

/** From 0 to a round number above all values. */
export function linearAxis(values: readonly number[]): Axis {
  const most = Math.max(...values) || 1
  const rough = most / MOST_STEPS
  const size = 10 ** Math.floor(Math.log10(rough))
  const step = STEPS.map((factor) => factor * size).find((size_) => size_ >= rough * (1 - 1e-9))!
  const count = Math.ceil(most / step - 1e-9)
  return {
    at: (value) => value / (count * step),
    // Multiplied in whole numbers: 3 × 0.1 is not 0.3.
    ticks: Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12))),
  }
}

const DENSE = [1, 2, 5]
/** Over more decades than that only 1, 10, 100 … are marked. */
const DENSE_DECADES = 2

/** From a round number below all values, which must be above 0, to one above. */
export function logAxis(values: readonly number[]): Axis {
  const marks = Array.from({ length: 40 }, (_, index) => index - 20).flatMap((power) =>
    DENSE.map((digit) => Number(`${digit}e${power}`)),
  )
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const low = marks.findLast((mark) => mark <= least)!
  const high = marks.find((mark) => mark >= most && mark > low)!
  const decades = Math.log10(high / low)
  const inside = marks.filter((mark) => mark >= low && mark <= high)
  const ticks =
    decades <= DENSE_DECADES ? inside : inside.filter((mark) => Number.isInteger(round(Math.log10(mark))))
  return { at: (value) => Math.log10(value / low) / decades, ticks }
}

const round = (value: number) => Number(value.toFixed(9))
