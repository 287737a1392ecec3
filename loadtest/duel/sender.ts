// Our own sender as one process that stays: the parent's side.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Defer } from '../bench/releases.ts'
import type { LoadReport } from '../report.ts'

export type Load = {
  url: string
  clients: number
  /** Ends the load; without it, the seconds do. */
  requests?: number
  /** For how long requests are sent; those under way are then answered. */
  seconds: number
  /** Requests a second; as fast as the answers come when absent. */
  rate?: number
}

export type Sender = (load: Load) => Promise<LoadReport>

/** How long the last answers may take. */
export const ANSWERS_MS = 12_000
const START_DEADLINE_MS = 15_000
/** Beyond that the sender itself is at fault. */
const REPORT_MS = 3_000

export async function startSender(defer: Defer, rowsFile: string): Promise<Sender> {
  const program = fileURLToPath(new URL('sender-process.ts', import.meta.url))
  const child = fork(program, [rowsFile], { execArgv: ['--disable-warning=ExperimentalWarning'] })
  let gone = false
  const ended = once(child, 'exit').then(() => {
    gone = true
    throw new Error('the sender ended')
  })
  // Whoever waits for an answer meets the failure; nobody may be waiting.
  ended.catch(() => undefined)
  defer(async () => {
    child.kill()
    await ended.catch(() => undefined)
  })
  const answer = async (what: string, ms: number): Promise<unknown> => {
    if (gone) throw new Error('the sender ended')
    const timer = new AbortController()
    const late = AbortSignal.any([AbortSignal.timeout(ms), timer.signal])
    try {
      const message = once(child, 'message', { signal: late }).catch((cause: unknown) => {
        throw new Error(`the sender gave no ${what} in ${ms} ms`, { cause })
      })
      const [value] = (await Promise.race([message, ended])) as unknown[]
      return value
    } finally {
      timer.abort()
    }
  }
  await answer('word', START_DEADLINE_MS)
  return async (load) => {
    child.send(load)
    return (await answer('report', load.seconds * 1_000 + ANSWERS_MS + REPORT_MS)) as LoadReport
  }
}
