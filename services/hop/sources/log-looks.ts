// Brings a log that lies in MongoDB to the views, in looks: each reads what was stored since the last one, and again
// what was stored shortly before it, because documents become visible later than their stamps say.
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  BatchSchema,
  type FenceSchema,
  LogRangeSchema,
  type Fence,
  type Run,
} from '../../../proto/gen/freshet/v1/hop_pb.ts'
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
const GAP_GRACE_MS = 20_000
/** How many ids one question has. */
const IDS_AT_ONCE = 500
/** Every refusal moves something, so a batch is done after a few. */
const MAX_ROUNDS = 100
/** A position that no log reaches: the answer to it is the position that the view has. */
const NOWHERE = Number.MAX_SAFE_INTEGER
/** Positions are stamps in milliseconds, and three digits to count batches within one. */
const SCALE = 1_000

/** What tests change, to see that it is needed. */
export const logRules = {
  overlapMs: LOG_OVERLAP_MS,
  gapGraceMs: GAP_GRACE_MS,
  batchRecords: MAX_BATCH_RECORDS,
  /** Each batch moves the position: a view that loses a batch has then lost the position, too, and says so. */
  marks: true,
}

type FenceInit = MessageInitShape<typeof FenceSchema>

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
  rules = logRules,
): LogLooks {
  /** What the view has: all that was stamped before. Undefined until it has said it. */
  let position: number | undefined
  /** The highest number of each origin and partition that the view had when the position was written. */
  const heads = new Map<string, number>()
  /** `<origin>-<partition>-<last number before the gap>` → since when what follows is missed. */
  let gaps = new Map<string, number>()
  let counted = -1
  let changedAt = 0
  let settled = false
  let strange = false

  const send = (runs: Run[], from: number, to: number, gaps: Iterable<FenceInit> = []): Promise<Outcome> => {
    const [firstOffset, nextOffset] = [BigInt(from), BigInt(to)]
    const range = create(LogRangeSchema, { topic: LOG_NAME, partition: 0, firstOffset, nextOffset })
    return deliver(create(BatchSchema, { runs, log: range, lastBeforeGaps: [...gaps] }))
  }
  /** The view is at another position: it lost writes, or another reader wrote. What it has beyond is not certain. */
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
    if (outcome.verdict === Verdict.STORED && Number(outcome.position) !== at) forget(outcome.position)
    if (outcome.verdict === Verdict.REFUSED_BEHIND) {
      if (position !== undefined)
        log.warn('the view has lost writes; reading again', { from: outcome.position })
      forget(outcome.position)
    }
    return outcome.verdict === Verdict.STORED || outcome.verdict === Verdict.REFUSED_BEHIND
  }

  const readIds = async (
    origin: string,
    partition: number,
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
    const limit = Math.max((startedAt - rules.overlapMs) * SCALE, position!)

    /** Finds what is before a gap. What is not found is waited for, or at last believed to be nowhere. */
    const mend = async (
      { origin, partition, seq: fence }: Fence,
      events: Map<string, LoggedEvent>,
      believed: Map<string, FenceInit>,
    ): Promise<void> => {
      const name = `${origin}-${partition}`
      const own = [...events.values()]
        .filter((event) => event.name === name && event.seq > Number(fence))
        .toSorted((a, b) => a.seq - b.seq)
      const lastOf = (index: number) => own[index - 1]?.seq ?? Number(fence)
      const before = own.findIndex(
        ({ seq }, index) => seq !== lastOf(index) + 1 && !believed.has(`${name}-${lastOf(index)}`),
      )
      if (before < 0) return
      const last = lastOf(before)
      const gap = `${name}-${last}`
      const since = gaps.get(gap) ?? startedAt
      const due = startedAt - since >= rules.gapGraceMs
      if (!gaps.has(gap) || due) {
        const found = await readIds(origin, partition, last + 1, own[before]!.seq)
        for (const event of found) events.set(`${event.name}-${event.seq}`, event)
        if (found.length > 0) return
      }
      if (due) return void believed.set(gap, { origin, partition, seq: BigInt(last) })
      if (!gaps.has(gap)) log.warn('a gap in the log; looking again', { after: gap, until: own[before]!.seq })
      missed.set(gap, since)
      held.add(name)
      for (const { seq } of own.slice(before)) events.delete(`${name}-${seq}`)
    }
    /** Whether the view has the batch, and it was this batch that moved the position: else it could not tell a loss. */
    const settle = (outcome: Outcome): boolean => {
      const stored = outcome.verdict === Verdict.STORED
      const moved = stored && Number(outcome.position) !== position
      if (moved || outcome.verdict === Verdict.REFUSED_BEHIND) forget(outcome.position)
      return stored && !moved
    }
    /** Brings a part of the log, of which all before `nextAtMs` is in it or done. False: begin anew. */
    const bring = async (part: LoggedEvent[], nextAtMs: number): Promise<boolean> => {
      const events = new Map(part.map((event) => [`${event.name}-${event.seq}`, event]))
      const believed = new Map<string, FenceInit>()
      for (let round = 0; round < MAX_ROUNDS && !stopped.aborted; round++) {
        let next = position!
        if (held.size === 0) {
          next = Math.max(Math.min(nextAtMs * SCALE, limit), position! + (rules.marks ? 1 : 0))
          if (Math.floor(next / SCALE) > Math.floor(Math.max(limit, position!) / SCALE)) return false
        }
        const outcome = await send(runsOfEvents([...events.values()]), position!, next, believed.values())
        if (outcome.verdict === Verdict.REFUSED_GAP) {
          for (const fence of outcome.fences) await mend(fence, events, believed)
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
      const full = part.length >= rules.batchRecords && event.atMs !== part.at(-1)!.atMs
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
      const due = [...gaps.values()].some((since) => startedAt - since >= rules.gapGraceMs)
      // Majority reads may see a document later than it is counted: one more look when nothing has changed for long.
      const closing = !settled && startedAt - changedAt >= rules.overlapMs
      if (!changed && !due && !closing) return false
      if (changed) changedAt = startedAt
      if (!(await scan(startedAt))) return true
      counted = count
      settled = !changed && gaps.size === 0
      return true
    },
  }
}
