/**
 * Lets many callers share one call of `read`: while one is out, all wait for it, and for `maxAgeMs` after
 * it all get its result. A failure is shared while it is out and not kept.
 */
export function coalesce<T>(maxAgeMs: number, read: () => Promise<T>): () => Promise<T> {
  let shared: Promise<T> | undefined
  let until = 0
  return () => {
    if (shared && performance.now() < until) return shared
    until = Infinity
    const own = read()
    shared = own
    own.then(
      () => (until = performance.now() + maxAgeMs),
      () => (until = 0),
    )
    return own
  }
}
