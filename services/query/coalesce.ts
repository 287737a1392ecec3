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

/** The same for each key, of which the last `maxKeys` are shared. */
export function coalesceEach<T>(
  maxAgeMs: number,
  maxKeys: number,
  read: (key: string) => Promise<T>,
): (key: string) => Promise<T> {
  const shared = new Map<string, () => Promise<T>>()
  return (key) => {
    const known = shared.get(key)
    if (known) return known()
    // The oldest makes room: whoever still asks it comes back.
    if (shared.size >= maxKeys) shared.delete(shared.keys().next().value!)
    const own = coalesce(maxAgeMs, () => read(key))
    shared.set(key, own)
    return own()
  }
}
