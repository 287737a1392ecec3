// Counts of the stored events by field, read from MongoDB where it is the log. What is old enough to be complete is
// counted once, slice by slice, and kept; only what was stored since is counted again with each look. So a look costs
// as much after a year as after a day, and all watchers share it.
import { LOG_OVERLAP_MS } from '../lib/mongo.ts'
import { OTHER } from '../lib/views.ts'

/** Stored from `from` on and before `to`, grouped by all the fields. */
export type CountGroups = (
  fields: string[],
  from: Date,
  to: Date | undefined,
) => Promise<{ values: string[]; count: number }[]>

export type StoredCountsSources = {
  /** Each with the most values that are kept apart. */
  fields: { name: string; maxKeys: number }[]
  countGroups: CountGroups
  /** When the first event was stored; undefined when none is. */
  firstAt: () => Promise<Date | undefined>
  countDocuments: () => Promise<number>
  nowMs?: () => number
}

type Counts = Map<string, number>[]

/** After a look it rests so many times as long as the look took: others use MongoDB, too. */
const REST_FACTOR = 4
const LEAST_REST_MS = 250
/** The length of a slice follows from how long the last one took. */
const FIRST_SLICE_MS = 600_000
const QUICK_MS = 100
const SLOW_MS = 700
/** What lies between the kept part and now is counted with each look, so it is moved on now and then. */
const SETTLE_STEP_MS = 30_000

export type StoredCounts = {
  /** By `mongodb:<field>`: value → events; as of the last look. Starts the next one when it is time. */
  views(): Record<string, Record<string, number>>
  /** One look. */
  look(): Promise<void>
}

export function createStoredCounts(sources: StoredCountsSources): StoredCounts {
  const { fields, countGroups, firstAt, countDocuments, nowMs = Date.now } = sources
  const names = fields.map(({ name }) => name)
  const empty = (): Counts => fields.map(() => new Map())
  const settled = empty()
  let settledTo: Date | undefined
  let sliceMs = FIRST_SLICE_MS
  let documents = -1
  let shown: Record<string, Record<string, number>> = viewsOf(names, empty())
  let looking = false
  let lookAfter = 0

  const add = (counts: Counts, groups: Awaited<ReturnType<CountGroups>>) => {
    for (const { values, count } of groups)
      fields.forEach(({ maxKeys }, index) => {
        const known = counts[index]!
        const value = values[index]!
        const key = known.has(value) || known.size < maxKeys ? value : OTHER
        known.set(key, (known.get(key) ?? 0) + count)
      })
  }
  /** Moves the kept part on by one slice. */
  const settle = async (from: Date, horizonMs: number) => {
    const to = new Date(Math.min(horizonMs, from.getTime() + sliceMs))
    const began = performance.now()
    try {
      add(settled, await countGroups(names, from, to))
    } catch (cause) {
      sliceMs /= 8
      throw cause
    }
    settledTo = to
    const tookMs = performance.now() - began
    if (tookMs < QUICK_MS) sliceMs *= 4
    else if (tookMs > SLOW_MS) sliceMs = Math.max(1_000, sliceMs / 4)
  }
  const look = async () => {
    const horizonMs = nowMs() - LOG_OVERLAP_MS
    settledTo ??= await firstAt()
    if (!settledTo) return
    const found = await countDocuments()
    if (horizonMs - settledTo.getTime() > SETTLE_STEP_MS) await settle(settledTo, horizonMs)
    else if (found === documents) return
    const caughtUp = horizonMs - settledTo.getTime() <= SETTLE_STEP_MS
    const all = settled.map((counts) => new Map(counts))
    if (caughtUp) add(all, await countGroups(names, settledTo, undefined))
    documents = caughtUp ? found : -1
    shown = viewsOf(names, all)
  }
  return {
    look,
    views() {
      if (!looking && performance.now() >= lookAfter) {
        looking = true
        const began = performance.now()
        // A MongoDB that is away is said by its own answers; here what was known stays.
        look()
          .catch(() => undefined)
          .finally(() => {
            looking = false
            const now = performance.now()
            lookAfter = now + Math.max(LEAST_REST_MS, (now - began) * REST_FACTOR)
          })
      }
      return shown
    },
  }
}

function viewsOf(names: string[], counts: Counts): Record<string, Record<string, number>> {
  return Object.fromEntries(
    names.map((name, index) => [`mongodb:${name}`, Object.fromEntries(counts[index]!)]),
  )
}
