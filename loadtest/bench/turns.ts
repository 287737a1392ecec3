// Who is compared takes turns, so that a machine that slows down slows all of them.

/**
 * Calls `measure` for every name once a round; returns the results by name, one a round. Every second round goes
 * backwards, so that nobody always comes after the same one.
 */
export async function takeTurns<Name extends string, Result>(
  rounds: number,
  names: readonly Name[],
  measure: (name: Name) => Promise<Result>,
  say: (line: string) => void,
): Promise<Record<Name, Result[]>> {
  const results = Object.fromEntries(names.map((name) => [name, [] as Result[]])) as Record<Name, Result[]>
  for (let round = 1; round <= rounds; round++) {
    for (const name of round % 2 === 1 ? names : names.toReversed()) {
      say(`round ${round} of ${rounds}: ${name}`)
      results[name].push(await measure(name))
    }
  }
  return results
}
