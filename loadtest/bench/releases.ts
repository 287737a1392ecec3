// What a measurement started is undone when it ends, however it ends.

export type Defer = (release: () => Promise<unknown>) => void

/** Runs `use`, then all releases in reverse order. Rejects with its failure, else with the first of theirs. */
export async function withReleases<T>(use: (defer: Defer) => Promise<T>): Promise<T> {
  const releases: (() => Promise<unknown>)[] = []
  const failures: unknown[] = []
  let result: { value: T } | undefined
  try {
    result = { value: await use((release) => releases.push(release)) }
  } catch (cause) {
    failures.push(cause)
  }
  for (const release of releases.toReversed()) {
    await release().catch((cause: unknown) => failures.push(cause))
  }
  if (!result || failures.length > 0) throw failures[0]
  return result.value
}
