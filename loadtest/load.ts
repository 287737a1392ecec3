// Sends rows to an HTTP intake, exactly as many as asked, and reports what became of each.
import { Connection, encodeRequest, type Outcome } from './client.ts'
import { Tally, type Ending, type LoadReport } from './report.ts'

export type Progress = { sent: number; accepted: number; failed: number }

export type LoadOptions = {
  /** The intake's address, path included: http://localhost:8080/input. Several get the connections and the requests in turn. */
  host: URL | readonly URL[]
  /** Request i carries row i modulo their number. At least one. */
  rows: readonly object[]
  requests: number
  /** Connections, each with one request under way. */
  concurrence: number
  /** The whole run stops then. */
  timeoutMs: number
  /** No request is sent after that; the run ends when those under way are answered. */
  sendForMs?: number
  /**
   * Requests per second: request i is due i/rate seconds after the start, answered or not before, and its
   * latency counts from that instant (no coordinated omission). Without it latency counts from the write.
   */
  rate?: number
  /** The same where the rate changes: when request n is due, in milliseconds after the start. */
  dueMs?: (n: number) => number
  /** A request without an answer by then is an error of kind `timeout`. Default 30 s. */
  answerTimeoutMs?: number
  /** The same, when this aborts. */
  sendUntil?: AbortSignal
  /** Stops the run at once; the report says `interrupted`. */
  signal?: AbortSignal
  /** The receipt of each accepted event. Costs a JSON.parse per answer. */
  onAccepted?: (id: string) => void
  /** About ten times a second. */
  onProgress?: (progress: Progress) => void
}

/** So that an intake that restarts meets waiting clients, not a thousand failures a second. */
const RECONNECT_AFTER_MS = 100
const SWEEP_MS = 100
/** A timer may be so late by itself. */
const LATE_MS = 5

/** Resolves when all are sent and answered, at the timeout, or when stopped; never rejects for answers. */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const { rows, rate, signal, onAccepted, answerTimeoutMs = 30_000 } = options
  let { requests } = options
  const dueMs = options.dueMs ?? (rate === undefined ? undefined : (n: number) => (n * 1_000) / rate)
  if (rows.length === 0) throw new RangeError('rows is empty')
  const hosts = [options.host].flat() as readonly URL[]
  const bodies = rows.map((row) => JSON.stringify(row))
  const encoded = hosts.map((host) => bodies.map((body) => encodeRequest(host, body)))
  /** Which of the hosts a connection goes to. */
  const hostOf = new Map<Connection, number>()
  const tally = new Tally()
  const dueAt = new Map<Connection, number>()
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  let lastOutcomeAt = startedAt
  let next = 0
  let dueTimer: NodeJS.Timeout | undefined

  const { promise: ended, resolve } = Promise.withResolvers<Ending>()
  let running = true
  const end = (ending: Ending) => {
    running = false
    resolve(ending)
  }

  /** The free connections of the host whose turn it is, or of the next that has any. */
  let turn = 0
  const nextFree = () =>
    hosts.map((_, index) => free[(turn + index) % hosts.length]!).find(({ length }) => length > 0)

  /** Gives due requests to free connections. */
  const pump = () => {
    for (let idle = nextFree(); running && idle && next < requests; idle = nextFree()) {
      if (dueMs) {
        const due = startedAt + dueMs(next)
        const waitMs = due - performance.now()
        if (waitMs > 0) {
          dueTimer ??= setTimeout(
            () => {
              dueTimer = undefined
              pump()
            },
            Math.min(waitMs, options.timeoutMs),
          )
          return
        }
        if (waitMs < -LATE_MS) tally.late++
        dueAt.set(idle.at(-1)!, due)
      }
      const connection = idle.pop()!
      turn = hostOf.get(connection)! + 1
      connection.send(encoded[turn - 1]![next++ % rows.length]!)
    }
  }

  const onOutcome = (outcome: Outcome, connection: Connection) => {
    if (!running) return
    lastOutcomeAt = performance.now()
    const refused = 'error' in outcome && !outcome.written
    if ('error' in outcome) tally.fail(outcome.error)
    else {
      tally.answer(outcome.status)
      if (outcome.status === 202) {
        const micros = (lastOutcomeAt - (dueAt.get(connection) ?? connection.writtenAt)) * 1_000
        tally.latency(micros, lastOutcomeAt - startedAt)
        onAccepted?.(idOf(outcome.body))
      }
    }
    if (tally.answered + tally.failed === requests) return end('complete')
    if (refused && tally.answered === 0) return end('unreachable')
    const release = () => {
      free[hostOf.get(connection)!]!.push(connection)
      pump()
    }
    if (refused) setTimeout(release, RECONNECT_AFTER_MS)
    else release()
  }

  const connections = Array.from(
    { length: Math.min(Math.max(options.concurrence, hosts.length), requests) },
    (_, index) => {
      const connection = new Connection(hosts[index % hosts.length]!, onOutcome)
      hostOf.set(connection, index % hosts.length)
      return connection
    },
  )
  const free = hosts.map((_, index) => connections.filter((one) => hostOf.get(one) === index).toReversed())

  const deadline = setTimeout(() => end('timeout'), options.timeoutMs)
  const lastSend = () => {
    requests = next
    if (tally.answered + tally.failed === requests) end('complete')
  }
  const sendTimer = options.sendForMs === undefined ? undefined : setTimeout(lastSend, options.sendForMs)
  options.sendUntil?.addEventListener('abort', lastSend)
  const sweep = setInterval(
    () => {
      const oldest = performance.now() - answerTimeoutMs
      for (const connection of connections) {
        if (connection.busy && connection.sentAt < oldest) connection.fail('timeout')
      }
      options.onProgress?.(progressOf(tally))
    },
    Math.min(SWEEP_MS, answerTimeoutMs),
  )
  const interrupt = () => end('interrupted')
  signal?.addEventListener('abort', interrupt)
  if (signal?.aborted) interrupt()

  pump()
  const ending = await ended
  for (const connection of connections) {
    if (connection.written) tally.fail('unanswered')
    connection.close()
  }
  clearTimeout(deadline)
  clearTimeout(sendTimer)
  clearTimeout(dueTimer)
  clearInterval(sweep)
  signal?.removeEventListener('abort', interrupt)
  options.sendUntil?.removeEventListener('abort', lastSend)
  options.onProgress?.(progressOf(tally))

  const stoppedAt = ending === 'complete' ? lastOutcomeAt : performance.now()
  const cpu = process.cpuUsage(cpuBefore)
  return tally.report({
    requests,
    seconds: (stoppedAt - startedAt) / 1_000,
    cpuSeconds: (cpu.user + cpu.system) / 1_000_000,
    ended: ending,
  })
}

const progressOf = (tally: Tally): Progress => ({
  sent: tally.answered + tally.failed,
  accepted: tally.accepted,
  failed: tally.answered + tally.failed - tally.accepted,
})

/** The receipt in a 202's body, or '' when it has none. */
function idOf(body: string): string {
  try {
    const { id } = JSON.parse(body) as { id?: unknown }
    return typeof id === 'string' ? id : ''
  } catch {
    return ''
  }
}
