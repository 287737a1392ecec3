// Batches of real rows as an intake makes them: encoded, grouped by partition, numbered without holes.
import { create } from '@bufbuild/protobuf'
import { BatchSchema, RunSchema, type Batch } from '../../proto/gen/freshet/v1/hop_pb.ts'
import type { EventType } from '../../services/lib/event-type.ts'
import { createPartitioner } from '../../services/lib/partition.ts'
import { joinEvents } from '../../services/lib/wire.ts'
import type { Row } from '../data-file.ts'

/** What stays the same however often a batch is sent: the events of each partition and their times. */
export type Template = { records: number; runs: TemplateRun[] }
export type TemplateRun = {
  partition: number
  count: number
  /** When its first event came, after the batch's first. */
  firstDeltaUs: number
  timeDeltasUs: number[]
  events: Uint8Array
  /** How many events have each partition key. */
  keys: Map<string, number>
}

/** Between two events of a batch. Wider, and times would run ahead of the clock at a million events a second. */
const SPACING_US = 1

/** `templates` batches of `records` rows each, going through the rows and round again. */
export function makeTemplates(
  rows: readonly Row[],
  eventType: EventType,
  partitions: number,
  records: number,
  templates: number,
): Template[] {
  const encoded = rows.map((row) => eventType.encode(row))
  const partitionOf = createPartitioner(partitions)
  return Array.from({ length: templates }, (_, template) => {
    const byPartition = new Map<
      number,
      { events: Uint8Array[]; times: number[]; keys: Map<string, number> }
    >()
    for (let index = 0; index < records; index++) {
      const { bytes, key } = encoded[(template * records + index) % encoded.length]!
      const partition = partitionOf(key)
      let run = byPartition.get(partition)
      if (!run) byPartition.set(partition, (run = { events: [], times: [], keys: new Map() }))
      run.events.push(bytes)
      run.times.push(index * SPACING_US)
      run.keys.set(key ?? '', (run.keys.get(key ?? '') ?? 0) + 1)
    }
    const runs = [...byPartition].map(([partition, { events, times, keys }]) => ({
      partition,
      count: events.length,
      firstDeltaUs: times[0]!,
      timeDeltasUs: times.map((time) => time - times[0]!),
      events: joinEvents(events),
      keys,
    }))
    return { records, runs }
  })
}

/** Numbers the events of one origin: 1, 2, 3 … in each partition. */
export type Origin = { name: string; route: string; nextSeqs: Map<number, bigint>; lastTimeUs: number }

export function createOrigin(name: string): Origin {
  return { name, route: 'bench', nextSeqs: new Map(), lastTimeUs: 0 }
}

/** What the runs of a batch say beside their template: who numbered them, from where, when. */
export function numberRuns({ runs, records }: Template, origin: Origin) {
  // Times rise within an origin, as an intake's do.
  const firstTimeUs = Math.max(Date.now() * 1_000, origin.lastTimeUs + 1)
  origin.lastTimeUs = firstTimeUs + records * SPACING_US
  return runs.map(({ partition, count, firstDeltaUs }) => {
    const firstSeq = origin.nextSeqs.get(partition) ?? 1n
    origin.nextSeqs.set(partition, firstSeq + BigInt(count))
    return {
      origin: origin.name,
      partition,
      firstSeq,
      count,
      firstTimeUs: BigInt(firstTimeUs + firstDeltaUs),
      route: origin.route,
    }
  })
}

/** A batch that a sink takes. */
export function batchOf(template: Template, origin: Origin): Batch {
  const runs = numberRuns(template, origin).map((numbers, index) => {
    const { timeDeltasUs, events } = template.runs[index]!
    return create(RunSchema, { ...numbers, timeDeltasUs, events })
  })
  return create(BatchSchema, { runs })
}
