// Group commit in lanes: while a lane's batch is out, arrivals queue, and the queue becomes the next batch.
// Batches grow with load; there is no timer to tune.
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'

export type Entry = { records: number; bytes: number }

export type Limits = {
  maxBatchRecords: number
  maxBatchBytes: number
  /** Over all lanes, queued and in flight. */
  maxQueueBytes: number
  /** An entry that has waited longer than this closes the queue for new ones. */
  maxQueueAgeMs: number
  /**
   * Whether the peers are clients that send again when they are answered, as at an intake. A batch then leaves
   * after two turns of the event loop, when as many are queued as the last one held, or after 1 ms. Prototypes
   * reached 45,000 requests/s with two turns, 32,000 with one, 24,000 with a fixed timer, at 64 connections.
   */
  returning: boolean
  /** A pause after each batch, for sinks that need not be asked a thousand times a second. */
  restMs?: number
}

export type GroupCommit<E extends Entry> = {
  /** Queues an entry; false when the queue is full or too old, and then nothing was queued. */
  offer(lane: number, entry: E): boolean
  queuedBytes(): number
  /** Resolves when every lane is empty and nothing is in flight. */
  idle(): Promise<void>
}

type Lane<E> = {
  queue: { entry: E; at: number }[]
  head: number
  busy: boolean
  /** How many clients there seem to be: those whom the last batch answered, and those who queued meanwhile. */
  expected: number
  /** How long the last batch was out. */
  lastMs: number
  /** Ends the wait for returning clients. */
  wake: (() => void) | undefined
}

const TURNS = 2
const LONGEST_JOIN_MS = 1

/**
 * `send` gets the entries of one lane's next batch, in order of arrival and never two batches of a lane at
 * once. It must not reject. `wanted` is asked when an entry joins a batch; unwanted ones are dropped.
 */
export function createGroupCommit<E extends Entry>(
  lanes: number,
  limits: Limits,
  send: (entries: E[], lane: number) => Promise<void>,
  wanted: (entry: E) => boolean = () => true,
): GroupCommit<E> {
  const all: Lane<E>[] = Array.from({ length: lanes }, () => ({
    queue: [],
    head: 0,
    busy: false,
    expected: 0,
    lastMs: 0,
    wake: undefined,
  }))
  let bytes = 0
  let waiters: (() => void)[] = []

  const take = (lane: Lane<E>): { entries: E[]; takenBytes: number } => {
    const entries: E[] = []
    let records = 0
    let batchBytes = 0
    let takenBytes = 0
    while (lane.head < lane.queue.length) {
      const { entry } = lane.queue[lane.head]!
      const fits =
        records + entry.records <= limits.maxBatchRecords && batchBytes + entry.bytes <= limits.maxBatchBytes
      if (!fits && records > 0) break
      lane.head++
      takenBytes += entry.bytes
      if (!wanted(entry)) continue
      records += entry.records
      batchBytes += entry.bytes
      entries.push(entry)
    }
    // Shifting is linear in the queue's length, so it waits until half is gone.
    if (lane.head * 2 >= lane.queue.length) {
      lane.queue = lane.queue.slice(lane.head)
      lane.head = 0
    }
    return { entries, takenBytes }
  }

  const join = async (lane: Lane<E>) => {
    for (let turn = 0; turn < TURNS; turn++) await nextTurn()
    // A wait of half the time that a batch is out or more would cost more than a fuller batch saves.
    if (lane.queue.length - lane.head >= lane.expected || lane.lastMs < 2 * LONGEST_JOIN_MS) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LONGEST_JOIN_MS)
      lane.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    lane.wake = undefined
  }

  const work = async (lane: Lane<E>, index: number) => {
    lane.busy = true
    while (lane.queue.length > lane.head) {
      if (limits.returning) await join(lane)
      const { entries, takenBytes } = take(lane)
      const began = performance.now()
      if (entries.length > 0) await send(entries, index)
      lane.expected = entries.length + lane.queue.length - lane.head
      lane.lastMs = performance.now() - began
      bytes -= takenBytes
      if (limits.restMs !== undefined) await pause(limits.restMs)
    }
    lane.busy = false
    if (all.every(({ busy }) => !busy)) {
      for (const resolve of waiters) resolve()
      waiters = []
    }
  }

  return {
    offer(index, entry) {
      const lane = all[index]!
      const oldest = lane.queue[lane.head]
      const now = Date.now()
      if (bytes + entry.bytes > limits.maxQueueBytes || (oldest && now - oldest.at > limits.maxQueueAgeMs))
        return false
      bytes += entry.bytes
      lane.queue.push({ entry, at: now })
      if (!lane.busy) void work(lane, index)
      else if (lane.queue.length - lane.head >= lane.expected) lane.wake?.()
      return true
    },
    queuedBytes: () => bytes,
    idle: () =>
      all.every(({ busy }) => !busy) ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
  }
}
