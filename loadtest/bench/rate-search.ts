// Looks for the highest rate at which something holds: up in steps until it fails, then between the two.

/** The highest rate that held and the lowest that did not, as far as they are known. */
export type Bounds = { held?: number; failed?: number }

const FIRST = 2_000
const LOWEST = 100
const STEP = 1.5
/** The next rate to try; undefined when the bounds are within the factor `closeEnough`, or no rate holds. */
export function nextRate({ held, failed }: Bounds, closeEnough: number): number | undefined {
  if (held === undefined) {
    const next = failed === undefined ? FIRST : Math.round(failed / 2)
    return next >= LOWEST ? next : undefined
  }
  if (failed === undefined) return Math.round(held * STEP)
  return failed / held <= closeEnough ? undefined : Math.round(Math.sqrt(held * failed))
}

/** The bounds after a try. */
export function narrow(bounds: Bounds, rate: number, holds: boolean): Bounds {
  if (holds) return { ...bounds, held: Math.max(rate, bounds.held ?? 0) }
  return { ...bounds, failed: Math.min(rate, bounds.failed ?? Infinity) }
}
