// Turns documents of a log in MongoDB back into runs.
import type { Run } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import type { EventType } from '../../lib/event-type.ts'
import type { EventDocument } from '../../lib/mongo.ts'
import { parseEventId } from '../../lib/views.ts'
import { carriedTraceparent } from '../traceparent.ts'
import { finishRun, type BuildingRun } from './kafka-records.ts'

/** One event of the log, as a document has it. */
export type LoggedEvent = {
  /** `<origin>-<partition>`, as the fences name it. */
  name: string
  origin: string
  partition: number
  seq: number
  /** When its insert began, milliseconds since 1970. */
  atMs: number
  timeUs: number
  route: string
  bytes: Uint8Array
  traceparent?: string
}

/** No message begins with this byte: views count such an event as invalid, and go on behind it. */
const UNREADABLE = Uint8Array.of(7)

/** Undefined when the document is none of a log. One that somebody spoiled keeps its number, so that it is no gap. */
export function readDocument(document: EventDocument, eventType: EventType): LoggedEvent | undefined {
  const id = typeof document._id === 'string' ? parseEventId(document._id) : undefined
  const place = document.log
  if (!id || id.seq < 1n || id.seq > Number.MAX_SAFE_INTEGER || !place || !('at' in place)) return undefined
  const timeUs = Number.isSafeInteger(place.timeUs)
    ? Math.max(0, place.timeUs)
    : document.time.getTime() * 1_000
  let bytes: Uint8Array
  try {
    bytes = eventType.fromDocument(document)
  } catch {
    bytes = UNREADABLE
  }
  const { origin, partition } = id
  const [name, seq, atMs] = [`${origin}-${partition}`, Number(id.seq), place.at.getTime()]
  const event: LoggedEvent = {
    name,
    origin,
    partition,
    seq,
    atMs,
    timeUs,
    route: String(document.route),
    bytes,
  }
  const traceparent = carriedTraceparent(place.traceparent)
  if (traceparent !== undefined) event.traceparent = traceparent
  return event
}

/** Groups events into runs of consecutive numbers. Each number is taken once. */
export function runsOfEvents(events: readonly LoggedEvent[]): Run[] {
  const runs: BuildingRun[] = []
  let last: LoggedEvent | undefined
  for (const event of events.toSorted((a, b) =>
    a.name === b.name ? a.seq - b.seq : a.name < b.name ? -1 : 1,
  )) {
    if (last?.name === event.name && last.seq === event.seq) continue
    let run = runs.at(-1)
    const follows =
      run !== undefined &&
      last?.name === event.name &&
      last.seq + 1 === event.seq &&
      last.route === event.route &&
      event.timeUs >= last.timeUs &&
      event.timeUs - run.timesUs[0]! <= 0xffffffff
    if (!run || !follows) {
      const { origin, partition, route, seq: firstSeq } = event
      const building = { timesUs: [], events: [], offsets: [], traces: [] }
      run = { origin, partition, route, foreign: false, firstSeq, ...building }
      runs.push(run)
    }
    const { traceparent } = event
    if (traceparent !== undefined) run.traces.push({ index: run.events.length, traceparent })
    run.timesUs.push(event.timeUs)
    run.events.push(event.bytes)
    last = event
  }
  return runs.map(finishRun)
}
