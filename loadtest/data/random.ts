// Seeded randomness for data sets: the same seed gives the same choices on every machine.

export type Random = {
  /** In [0, 1). */
  next(): number
  /** From `low` to `high`, both possible. */
  whole(low: number, high: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
  pickWeighted<T extends { weight: number }>(from: readonly T[]): T
}

/** mulberry32: 32 bits of state, plenty for text. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const at = <T>(from: readonly T[], index: number): T => {
    const value = from[index]
    if (value === undefined) throw new RangeError('nothing to pick from')
    return value
  }
  return {
    next,
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (probability) => next() < probability,
    pick: (from) => at(from, Math.floor(next() * from.length)),
    pickWeighted(from) {
      let left = next() * from.reduce((total, { weight }) => total + weight, 0)
      const index = from.findIndex(({ weight }) => (left -= weight) < 0)
      return at(from, index < 0 ? from.length - 1 : index)
    },
  }
}
