// Releases what a test opened, last opened first. (node:test runs t.after hooks first registered first, so the
// server would die before its client.)
import type { TestContext } from 'node:test'

const stacks = new WeakMap<TestContext, (() => unknown)[]>()

/** Calls `release` after the test, in reverse order of registration. One that fails does not skip the others. */
export function defer(t: TestContext, release: () => unknown): void {
  const known = stacks.get(t)
  if (known) {
    known.push(release)
    return
  }
  const stack = [release]
  stacks.set(t, stack)
  t.after(async () => {
    const failures: unknown[] = []
    for (const step of stack.toReversed()) {
      try {
        await step()
      } catch (cause) {
        failures.push(cause)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'a release failed')
  })
}
