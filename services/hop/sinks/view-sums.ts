// Sums a batch for the live views, reading from each event only the fields that a view needs.
import type { JsonObject } from '@bufbuild/protobuf'
import type { EventType } from '../../lib/event-type.ts'
import { createInterner } from '../../lib/intern.ts'
import { bucketOf, eventId, joinKey, type View } from '../../lib/views.ts'
import { eachEvent, fieldNumber, fieldText, findFields, type Span } from '../../lib/wire.ts'
import type { Run } from '../batch.ts'

/** A run, and how many of its first events the view already has. */
export type Part = { run: Run; skip: number }

export type Sums = {
  total: number
  /** Events that are no valid message; they move the fence and count nowhere. */
  invalid: number
  /** For each view: kind, parameter, number of pairs, the pairs; as the script takes them. */
  args: string[]
}

type Accumulator = {
  /** Called for each event with its fields' spans. */
  event?: (bytes: Uint8Array) => void
  /** Called for each part, with the places of those of its events that are no valid message. */
  part?: (part: Part, invalid: number[]) => void
  args: () => string[]
}

/** Compiles the sums of a scenario's views. The returned function is not re-entrant. */
export function compileSums(eventType: EventType, views: View[]): (parts: Part[]) => Sums {
  const needed = new Map<number, Span>()
  const spanOf = (number: number) => {
    const span = needed.get(number) ?? { start: 0, end: -1, varint: 0 }
    needed.set(number, span)
    return span
  }
  const accumulators = views.map((view) => accumulatorOf(view, eventType, spanOf))
  const numbers = [...needed.keys()]
  const spans = [...needed.values()]
  const perEvent = accumulators.flatMap(({ event }) => (event ? [event] : []))

  return (parts) => {
    let total = 0
    let invalid = 0
    const addPart = (part: Part) => {
      const { events, count } = part.run
      const invalidAt: number[] = []
      eachEvent(events, count, (index, start, end) => {
        if (index < part.skip) return
        if (!findFields(events, start, end, numbers, spans)) {
          invalidAt.push(index)
          return
        }
        total++
        for (const add of perEvent) add(events)
      })
      for (const { part: add } of accumulators) add?.(part, invalidAt)
      invalid += invalidAt.length
    }
    try {
      for (const part of parts) addPart(part)
    } catch (cause) {
      // Half a batch must not count with the next one.
      for (const { args } of accumulators) args()
      throw cause
    }
    return { total, invalid, args: accumulators.flatMap(({ args }) => args()) }
  }
}

function accumulatorOf(view: View, eventType: EventType, spanOf: (number: number) => Span): Accumulator {
  switch (view.kind) {
    case 'count':
    case 'top':
    case 'distinct': {
      const readers = view.fields.map((field) => {
        const span = spanOf(field.number)
        const text = fieldText(field)
        const intern = createInterner((bytes, start, end) => text(bytes, { start, end, varint: span.varint }))
        return (bytes: Uint8Array) => (span.end < 0 ? text(bytes, span) : intern(bytes, span.start, span.end))
      })
      const only = readers.length === 1 ? readers[0] : undefined
      const counts = createCounts()
      return {
        event: only
          ? (bytes) => counts.add(only(bytes), 1)
          : (bytes) => counts.add(joinKey(readers.map((read) => read(bytes))), 1),
        args: () => [view.kind, String(view.maxKeys), ...counts.take()],
      }
    }
    case 'histogram': {
      const span = spanOf(view.field.number)
      const read = fieldNumber(view.field)
      const counts = createCounts()
      return {
        event: (bytes) => counts.add(bucketOf(read(bytes, span), view.bounds, view.labels), 1),
        args: () => ['histogram', '0', ...counts.take()],
      }
    }
    case 'rate': {
      const counts = createCounts()
      return {
        part: ({ run, skip }, invalid) => {
          const first = Number(run.firstTimeUs)
          for (const index of invalid)
            counts.add(String(Math.floor((first + run.timeDeltasUs[index]!) / 1_000_000)), -1)
          for (let index = skip; index < run.count; index++) {
            const second = Math.floor((first + run.timeDeltasUs[index]!) / 1_000_000)
            // Times rise within a run, so equal seconds stand together.
            let end = index + 1
            while (end < run.count && first + run.timeDeltasUs[end]! < (second + 1) * 1_000_000) end++
            counts.add(String(second), end - index)
            index = end - 1
          }
        },
        args: () => ['rate', String(view.seconds), ...counts.take()],
      }
    }
    case 'latest':
      return latestOf(view.size, eventType)
  }
}

function createCounts() {
  const counts = new Map<string, number>()
  return {
    add: (key: string, n: number) => counts.set(key, (counts.get(key) ?? 0) + n),
    take(): string[] {
      const pairs: string[] = []
      for (const [key, n] of counts) if (n !== 0) pairs.push(key, String(n))
      counts.clear()
      return [String(pairs.length / 2), ...pairs]
    },
  }
}

function latestOf(size: number, eventType: EventType): Accumulator {
  let newest: { timeUs: number; id: string; run: Run; start: number; end: number }[] = []
  return {
    part: ({ run, skip }, invalid) => {
      const { firstTimeUs, timeDeltasUs: deltas, count } = run
      const oldest = newest.length >= size ? newest.at(-1)!.timeUs : 0
      if (Number(firstTimeUs) + deltas.at(-1)! < oldest) return
      // Times rise within a run, but those of foreign records in steps: which of equals stays, the id says.
      let from = Math.max(skip, count - size - invalid.length)
      while (from > skip && deltas[from - 1] === deltas[from]) from--
      eachEvent(run.events, count, (index, start, end) => {
        if (index < from || invalid.includes(index)) return
        const id = eventId(run.origin, run.partition, run.firstSeq + BigInt(index))
        newest.push({ timeUs: Number(firstTimeUs) + deltas[index]!, id, run, start, end })
      })
      newest.sort((a, b) => b.timeUs - a.timeUs || (a.id < b.id ? 1 : -1))
      // Twice the size, because some may turn out to be no valid message.
      newest.length = Math.min(newest.length, size * 2)
    },
    args: () => {
      const pairs: string[] = []
      for (const { timeUs, id, run, start, end } of newest) {
        if (pairs.length >= size * 2) break
        const member = memberOf(eventType, id, timeUs, run.route, run.events.subarray(start, end))
        if (member !== undefined) pairs.push(String(timeUs), member)
      }
      newest = []
      return ['latest', String(size), String(pairs.length / 2), ...pairs]
    },
  }
}

/** What `latest` holds of an event; undefined when it is no valid message. */
function memberOf(
  eventType: EventType,
  id: string,
  timeUs: number,
  route: string,
  bytes: Uint8Array,
): string | undefined {
  let document: JsonObject
  try {
    document = eventType.toDocument(bytes)
  } catch {
    return undefined
  }
  // The id comes first, because Redis orders members of equal time by their bytes.
  return JSON.stringify({ id, time: timeOf(timeUs), route, ...document })
}

/** Microseconds since 1970 as ISO 8601 with milliseconds. */
export function timeOf(timeUs: number): string {
  return new Date(Math.floor(timeUs / 1_000)).toISOString()
}
