// What the measuring commands share: their flags, lines with the time since the start, and an end on signals.
import { colours } from '../../local/colours.ts'
import { ConfigError } from '../../services/lib/errors.ts'
import { exitWithMistakes } from '../../services/lib/run.ts'

/** The options of this process; for `--help` and for mistakes it ends here. */
export function readOptions<T>(parse: (args: string[]) => T | undefined, usage: string): T {
  try {
    const options = parse(process.argv.slice(2))
    if (options) return options
  } catch (cause) {
    if (cause instanceof ConfigError) exitWithMistakes(cause)
    throw cause
  }
  process.stdout.write(usage)
  process.exit(0)
}

/** Writes lines to stderr, each with the seconds since `began` (of `performance.now()`). */
export function sayWithSeconds(began: number): (line: string) => void {
  return (line) => {
    const seconds = ((performance.now() - began) / 1_000).toFixed(1)
    process.stderr.write(`${colours.dim(`${seconds.padStart(6)} s`)}  ${line}\n`)
  }
}

/** What was started dies with this process (local/watchdog.ts), and its data is nobody's. */
export function exitOnSignals(): void {
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
}
