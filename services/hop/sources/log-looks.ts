// Brings a log that lies in MongoDB to the views, in looks: each reads what was stored since the last one, and again
// what was stored shortly before it, because documents become visible later than their stamps say.
import { create } from '@bufbuild/protobuf'
import { BatchSchema, LogRangeSchema, type Fence, type Run } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { EventType } from '../../lib/event-type.ts'
import type { Log } from '../../lib/log.ts'
import { LOG_OVERLAP_MS, type EventDocument } from '../../lib/mongo.ts'
import { eventId } from '../../lib/views.ts'
import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS, Verdict, type Deliver, type Outcome } from '../batch.ts'
import { readDocument, runsOfEvents, type LoggedEvent } from './documents.ts'

/** The log as this reader needs it. */
export type Documents = {
  /** Changes whenever a document becomes visible. */
  count(): Promise<number>
  /** All that were stamped then or later, in the order of their stamps. */
  since(at: Date): AsyncIterable<EventDocument>
  byIds(ids: string[]): Promise<EventDocument[]>
}

/** As the log's name in Redis and in batches; it has one partition. */
export const LOG_NAME = 'mongodb'
/** A gap is believed after this long: above the longest attempt of the hop that may still be filling it. */
export const GAP_GRACE_MS = 20_000
/** How many ids one question has. */
const IDS_AT_ONCE = 500
/** Every refusal moves something, so a batch is done after a few. */
const MAX_ROUNDS = 100
/** A position that no log reaches: the answer to it is the position that the view has. */
const NOWHERE = Number.MAX_SAFE_INTEGER
/** Positions are stamps in milliseconds, and three digits to count batches within one. */
const SCALE = 1_000

export type LogLooks = {
  /** One look. Resolves with false when there was nothing to do; rejects when MongoDB does not answer. */
  look(): Promise<boolean>
}

export function createLogLooks(
  documents: Documents,
  eventType: EventType,
  deliver: Deliver,
  stopped: AbortSignal,
  log: Log,
  now: () => number = Date.now,
): LogLooks {
  /** What the view has: all that was stamped before. Undefined until it has said it. */
  let position: number | undefined
  /** The highest number of each origin and partition that the view had when the position was written. */
  const heads = new Map<string, number>()
  /** `<origin>-<partition>-<first missing number>` → since when it is missed. */
  let gaps = new Map<string, number>()
  let counted = -1
  let changedAt = 0
  let settled = false
  let strange = false

  const send = (runs: Run[], from: number, to: number, stepOverGaps = false): Promise<Outcome> => {
    const [firstOffset, nextOffset] = [BigInt(from), BigInt(to)]
    const range = create(LogRangeSchema, { topic: LOG_NAME, partition: 0, firstOffset, nextOffset })
    return deliver(create(BatchSchema, { runs, log: range, stepOverGaps }))
  }
  /** The view is at an older position, so what it had later is not certain. */
  const forget = (to: bigint) => {
    position = Number(to)
    heads.clear()
    gaps.clear()
    counted = -1
  }
  /** Asks the view where it is; false when the hop ends. */
  const probe = async (): Promise<boolean> => {
    const at = position ?? NOWHERE
    const outcome = await send([], at, at)
    if (outcome.verdict === Verdict.REFUSED_BEHIND) {
      if (position !== undefined)
        log.warn('the view has lost writes; reading again', { from: outcome.position })
      forget(outcome.position)
    }
    return outcome.verdict === Verdict.STORED || outcome.verdict === Verdict.REFUSED_BEHIND
  }

  const readIds = async (
    { origin, partition }: Fence,
    from: number,
    until: number,
  ): Promise<LoggedEvent[]> => {
    for (let at = from; at < until; at += IDS_AT_ONCE) {
      const length = Math.min(IDS_AT_ONCE, until - at)
      const found = await documents.byIds(
        Array.from({ length }, (_, n) => eventId(origin, partition, at + n)),
      )
      if (found.length > 0) return found.flatMap((document) => readDocument(document, eventType) ?? [])
    }
    return []
  }

  /** Reads from the view's position to the end. False when it must begin anew. */
  const scan = async (startedAt: number): Promise<boolean> => {
    const missed = new Map<string, number>()
    /** Waiting for what is before them; the position stays before them, too. */
    const held = new Set<string>()
    const limit = Math.max((startedAt - LOG_OVERLAP_MS) * SCALE, position!)

    /** Finds what is before a gap; without it, holds back what is behind it, or steps over. False: begin anew. */
    const mend = async (fence: Fence, events: Map<string, LoggedEvent>): Promise<boolean> => {
      const name = `${fence.origin}-${fence.partition}`
      const own = [...events.values()]
        .filter((event) => event.name === name && event.seq > Number(fence.seq))
        .toSorted((a, b) => a.seq - b.seq)
      const before = own.findIndex(({ seq }, index) => seq !== Number(fence.seq) + 1 + index)
      if (before < 0) return true
      const first = Number(fence.seq) + 1 + before
      const gap = `${name}-${first}`
      const since = gaps.get(gap) ?? startedAt
      const believed = startedAt - since >= GAP_GRACE_MS
      if (!gaps.has(gap) || believed) {
        const found = await readIds(fence, first, own[before]!.seq)
        for (const event of found) events.set(`${event.name}-${event.seq}`, event)
        if (found.length > 0) return true
      }
      if (believed) {
        const behind = own.slice(before)
        const dense = behind.findIndex(({ seq }, index) => seq !== behind[0]!.seq + index)
        const runs = runsOfEvents(dense < 0 ? behind : behind.slice(0, dense))
        return settle(await send(runs, position!, position!, true))
      }
      if (!gaps.has(gap)) log.warn('a gap in the log; looking again', { gap, until: own[before]!.seq })
      missed.set(gap, since)
      held.add(name)
      for (const { seq } of own.slice(before)) events.delete(`${name}-${seq}`)
      return true
    }
    const settle = (outcome: Outcome): boolean => {
      if (outcome.verdict === Verdict.REFUSED_BEHIND) forget(outcome.position)
      return outcome.verdict === Verdict.STORED
    }
    /** Brings a part of the log, of which all before `nextAtMs` is in it or done. False: begin anew. */
    const bring = async (part: LoggedEvent[], nextAtMs: number): Promise<boolean> => {
      const events = new Map(part.map((event) => [`${event.name}-${event.seq}`, event]))
      for (let round = 0; round < MAX_ROUNDS && !stopped.aborted; round++) {
        let next = position!
        if (held.size === 0) {
          // Each batch moves the position: a view that loses a batch has then lost the position, too, and says so.
          next = Math.max(Math.min(nextAtMs * SCALE, limit), position! + 1)
          if (Math.floor(next / SCALE) > Math.floor(Math.max(limit, position!) / SCALE)) return false
        }
        const outcome = await send(runsOfEvents([...events.values()]), position!, next)
        if (outcome.verdict === Verdict.REFUSED_GAP) {
          for (const fence of outcome.fences) if (!(await mend(fence, events))) return false
          continue
        }
        if (!settle(outcome)) return false
        position = next
        if (held.size === 0)
          for (const { name, seq } of events.values()) heads.set(name, Math.max(seq, heads.get(name) ?? 0))
        return true
      }
      return false
    }

    let part: LoggedEvent[] = []
    let bytes = 0
    for await (const document of documents.since(new Date(Math.floor(position! / SCALE)))) {
      const event = readDocument(document, eventType)
      if (!event) {
        if (!strange)
          log.warn('a document is no event of the log, and is left out', { id: String(document._id) })
        strange = true
        continue
      }
      if (event.seq <= (heads.get(event.name) ?? 0) || held.has(event.name)) continue
      // What was inserted together comes in any order, so it stays together.
      const full = part.length >= MAX_BATCH_RECORDS && event.atMs !== part.at(-1)!.atMs
      if (full || bytes > MAX_BATCH_BYTES / 2) {
        if (!(await bring(part, event.atMs))) return false
        part = []
        bytes = 0
      }
      part.push(event)
      bytes += event.bytes.length
    }
    if (part.length > 0 && !(await bring(part, Infinity))) return false
    if (held.size === 0 && position! < limit) {
      if (!settle(await send([], position!, limit))) return false
      position = limit
    }
    gaps = missed
    return true
  }

  return {
    async look() {
      if (!(await probe())) return false
      const startedAt = now()
      const count = await documents.count()
      const changed = count !== counted
      const due = [...gaps.values()].some((since) => startedAt - since >= GAP_GRACE_MS)
      // Majority reads may see a document later than it is counted: one more look when nothing has changed for long.
      const closing = !settled && startedAt - changedAt >= LOG_OVERLAP_MS
      if (!changed && !due && !closing) return false
      if (changed) changedAt = startedAt
      if (!(await scan(startedAt))) return true
      counted = count
      settled = !changed && gaps.size === 0
      return true
    },
  }
}
