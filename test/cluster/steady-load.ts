// Load that clients would notice a rolling update by: events to the intake and reads of the page's views, all over
// connections that are kept as long as the servers keep them.
import { setTimeout as pause } from 'node:timers/promises'
import { Connection, type Outcome } from '../../loadtest/client.ts'
import { runLoad } from '../../loadtest/load.ts'
import type { LoadReport } from '../../loadtest/report.ts'

const LONGEST_MS = 15 * 60_000
const READERS = 4
const READ_EVERY_MS = 100

export type SteadyLoad = {
  /** Events per second. */
  rate: number
  connections: number
  intake: URL
  rows: readonly object[]
  /** A page that is read meanwhile. */
  page: URL
  onAccepted: (id: string) => void
}

export type Noticed = {
  events: LoadReport
  /** Answers by status and failures by kind. */
  reads: Record<string, number>
}

/** Loads until `during` is done; every request under way is then answered. */
export async function underLoad(load: SteadyLoad, during: () => Promise<void>): Promise<Noticed> {
  const { rate, connections, intake, rows, page, onAccepted } = load
  const done = new AbortController()
  const running = Promise.all([
    runLoad({
      host: intake,
      rows,
      rate,
      concurrence: connections,
      requests: Math.ceil((rate * LONGEST_MS) / 1_000),
      timeoutMs: LONGEST_MS,
      sendUntil: done.signal,
      onAccepted,
    }),
    readUntil(page, done.signal),
  ])
  try {
    await during()
  } finally {
    done.abort()
  }
  const [events, reads] = await running
  return { events, reads }
}

async function readUntil(page: URL, done: AbortSignal): Promise<Record<string, number>> {
  const reads: Record<string, number> = {}
  const request = Buffer.from(`GET ${page.pathname} HTTP/1.1\r\nhost: ${page.host}\r\n\r\n`)
  const read = async () => {
    let settle: (outcome: Outcome) => void = () => undefined
    const connection = new Connection(page, (outcome) => settle(outcome))
    while (!done.aborted) {
      const outcome = await new Promise<Outcome>((resolve) => {
        settle = resolve
        connection.send(request)
      })
      const kind = 'error' in outcome ? outcome.error : String(outcome.status)
      reads[kind] = (reads[kind] ?? 0) + 1
      await pause(READ_EVERY_MS)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: READERS }, read))
  return reads
}
