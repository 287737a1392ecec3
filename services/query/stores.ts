// What is known about each store: whether it answers, said once when that changes.
import { setTimeout as pause } from 'node:timers/promises'
import type { Gauge } from 'prom-client'
import { reasonOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'

/** The pause between attempts to reach a store that has never answered. */
const CONTACT_PAUSE_MS = 500

/** A store did not answer. The message may be shown to clients; the cause, which names hosts, may not. */
export class StoreError extends Error {}

export type Store = {
  name: string
  /** Whether it has answered since the start. */
  reached(): boolean
  /** Runs one call with a deadline. Rejects with StoreError. */
  call<T>(work: () => Promise<T>, deadlineMs?: number): Promise<T>
  /** Tries `probe` until it succeeds once. */
  keepTrying(probe: () => Promise<unknown>, signal: AbortSignal): Promise<void>
}

/** `up` receives 1 or 0 with each call. */
export function createStore(name: string, callDeadlineMs: number, up: Gauge<'store'>, log: Log): Store {
  let answering: boolean | undefined
  let reached = false
  const note = (answers: boolean, cause?: unknown) => {
    if (answers === answering) return
    answering = answers
    up.set({ store: name }, answers ? 1 : 0)
    if (answers) log.info('store answers', { store: name })
    else log.warn('store is away', { store: name, cause: reasonOf(cause) })
  }
  const call = async <T>(work: () => Promise<T>, deadlineMs = callDeadlineMs): Promise<T> => {
    try {
      const result = await within(deadlineMs, work())
      reached = true
      note(true)
      return result
    } catch (cause) {
      note(false, cause)
      throw new StoreError(`${name} gave no answer`, { cause })
    }
  }
  up.set({ store: name }, 0)
  return {
    name,
    reached: () => reached,
    call,
    async keepTrying(probe, signal) {
      while (!signal.aborted && !reached) {
        try {
          await call(probe)
        } catch (cause) {
          log.debug('store not reached yet', { store: name, cause })
          await pause(CONTACT_PAUSE_MS, undefined, { signal }).catch(() => undefined)
        }
      }
    },
  }
}

/** Waits for `work` no longer than `ms`. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when `work` has ended or `ms` have passed: a store that is away cannot hold up our end. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  await within(ms, work).catch(() => undefined)
}
