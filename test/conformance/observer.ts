// What is seen behind the sink of the hop under test.
import { parseEventId } from '../../services/lib/views.ts'

export type Seen = {
  has(id: string): boolean
  /** Different events. */
  distinct: number
  /** Events that came more than once, counted each time after the first. */
  repeated: number
  /** Numbers below the highest of their origin and partition that never came. */
  missing: number
  /** Where first comers of an origin and partition were not in order, if that can be seen. */
  disorder: string | undefined
}

export type Observer = {
  look(): Promise<Seen>
  /** Where the far end is not behind the proxy: it goes, and comes back. */
  leave?: () => Promise<void>
  comeBack?: () => Promise<void>
  close(): Promise<void>
}

/** Keeps account of events in the order in which they came. */
export function createRecord() {
  const known = new Set<string>()
  const highest = new Map<string, number>()
  let repeated = 0
  let disorder: string | undefined
  const seen: Seen = {
    has: (id) => known.has(id),
    get distinct() {
      return known.size
    },
    get repeated() {
      return repeated
    },
    get missing() {
      return [...highest.values()].reduce((sum, seq) => sum + seq, 0) - known.size
    },
    get disorder() {
      return disorder
    },
  }
  return {
    seen,
    add(id: string) {
      if (known.has(id)) {
        repeated++
        return
      }
      known.add(id)
      const { origin, partition, seq } = parseEventId(id)!
      const lane = `${origin}-${partition}`
      const before = highest.get(lane) ?? 0
      if (Number(seq) < before) disorder ??= `${id} came after number ${before}`
      highest.set(lane, Math.max(before, Number(seq)))
    },
  }
}
