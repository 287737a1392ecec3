// What ranked bars, shares and histograms are drawn from.

export type Bar = { key: string; count: number; /** Of the largest. */ part: number }

/** The most first; equal ones by name, so that they keep their places. */
export function rank(counts: Record<string, number>): Bar[] {
  const entries = Object.entries(counts).toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  const most = entries[0]?.[1] ?? 0
  return entries.map(([key, count]) => ({ key, count, part: most > 0 ? count / most : 0 }))
}

export type Share = { key: string; count: number; /** Of all. */ part: number }

/** The largest shares, and the rest as one. */
export function shares(counts: Record<string, number>, most: number, rest: string): Share[] {
  const ranked = rank(counts)
  const all = ranked.reduce((sum, { count }) => sum + count, 0)
  const kept = ranked.slice(0, most)
  const others = ranked.slice(most).reduce((sum, { count }) => sum + count, 0)
  const slices = others > 0 ? [...kept, { key: rest, count: others }] : kept
  return slices.map(({ key, count }) => ({ key, count, part: all > 0 ? count / all : 0 }))
}

/** Events of each second up to the newest, oldest first; the second that is not over is left out. */
export function perSecond(counts: Record<string, number>, nowSeconds: number, seconds: number): number[] {
  return Array.from({ length: seconds }, (_, index) => counts[nowSeconds - seconds + index] ?? 0)
}
