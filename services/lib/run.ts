// Starts a service and stops it once, in reverse order of start.
import { ConfigError, reasonOf } from './errors.ts'
import type { Log } from './log.ts'

/** Below the pod's grace period of 30 s, so that the report is written before SIGKILL. */
const STOP_DEADLINE_MS = 25_000

export type Lifecycle = {
  /** Registers what undoes a step. Called in reverse order of registration. */
  onStop(name: string, release: () => unknown): void
  /** False from the first moment of stopping. */
  running(): boolean
  /** Stops the service with exit code 1. */
  fail(cause: unknown): void
}

/**
 * Runs `start` and keeps the process until SIGTERM, SIGINT or `fail`.
 * Exit codes: 0 stopped, 1 failed or something could not be released, 2 bad configuration.
 */
export async function run(log: Log, start: (life: Lifecycle) => Promise<void>): Promise<void> {
  const releases: { name: string; release: () => unknown }[] = []
  let stopping = false
  const stop = async (code: number) => {
    if (stopping) return
    stopping = true
    const began = Date.now()
    setTimeout(() => {
      log.error('a handle was left open', { waitedMs: STOP_DEADLINE_MS })
      process.exit(1)
    }, STOP_DEADLINE_MS)
    for (const { name, release } of releases.toReversed()) {
      try {
        await release()
      } catch (cause) {
        log.error('release failed', { name, cause })
        code = 1
      }
    }
    log.info('stopped', { code, tookMs: Date.now() - began })
    process.exit(code)
  }
  const fail = (cause: unknown) => {
    log.error('failed', { cause: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) })
    void stop(1)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(0))
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  try {
    await start({
      onStop: (name, release) => releases.push({ name, release }),
      running: () => !stopping,
      fail,
    })
  } catch (cause) {
    if (cause instanceof ConfigError) exitWithMistakes(cause)
    log.error('could not start', { cause: reasonOf(cause) })
    await stop(1)
  }
}

/** Prints every mistake on stderr and exits with 2. */
export function exitWithMistakes(error: ConfigError): never {
  process.stderr.write(`${error.mistakes.map((mistake) => `error: ${mistake}`).join('\n')}\n`)
  process.exit(2)
}
