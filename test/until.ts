// Waits for a condition, with a name and a deadline.

/** Taken before any test puts a mocked clock in its place. */
const wait = setTimeout
const POLL_MS = 2

/** Resolves when `condition` is truthy. Rejects with `what` after the deadline. */
export async function until(
  what: string,
  condition: () => unknown,
  deadlineMs = 5_000,
  pollMs = POLL_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => wait(resolve, pollMs))
  }
}
