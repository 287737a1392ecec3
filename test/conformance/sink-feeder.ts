// An upstream hop: the sink that matches the source under test, with one batch of a partition out at a time.
import { create } from '@bufbuild/protobuf'
import type { Row } from '../../loadtest/data-file.ts'
import { BatchSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { MAX_MESSAGE_BYTES, Verdict, type Batch, type Sink } from '../../services/hop/batch.ts'
import { attempt } from '../../services/hop/deliver.ts'
import type { EventType } from '../../services/lib/event-type.ts'
import { eventId } from '../../services/lib/views.ts'
import { joinEvents } from '../../services/lib/wire.ts'
import { until } from '../until.ts'
import { joinFed, type Fed, type Feeder } from './feeder.ts'

const nameOf = (verdict: Verdict) =>
  Object.entries(Verdict).find(([, value]) => value === verdict)?.[0] ?? String(verdict)

/** Batches a partition that one call of `feed` makes. */
const BATCHES = 3
const NEW_EVENTS = 3
/** Above what a message may hold by far. */
const TOO_MUCH_BYTES = MAX_MESSAGE_BYTES + 500_000

export async function openSinkFeeder(
  sink: Sink,
  name: string,
  partitions: number,
  rows: Row[],
  eventType: EventType,
): Promise<Feeder> {
  const lanes = Array.from({ length: partitions }, () => ({ seq: 1, queue: [] as Batch[] }))
  // Of today, because Kafka deletes what is older than its retention, half a minute after its start.
  const beganUs = BigInt(Date.now()) * 1_000n
  const events = rows.map((row) => eventType.encode(row).bytes)
  await until(`${sink.url} is ready`, () => sink.notReady() === undefined, 15_000)

  const batchOf = (partition: number, firstSeq: number, some: Uint8Array[]) => {
    const run = {
      origin: name,
      partition,
      firstSeq: BigInt(firstSeq),
      count: some.length,
      firstTimeUs: beganUs + BigInt(firstSeq),
      timeDeltasUs: some.map((_event, index) => index),
      events: joinEvents(some),
      route: name,
    }
    return create(BatchSchema, { runs: [run] })
  }
  const eventsFrom = (seq: number, count: number) =>
    Array.from({ length: count }, (_, index) => events[(seq + index) % events.length]!)
  const idsOf = ({ runs }: Batch) =>
    runs.flatMap(({ origin, partition, firstSeq, count }) =>
      Array.from({ length: count }, (_, index) => eventId(origin, partition, Number(firstSeq) + index)),
    )
  const write = async (batch: Batch): Promise<Fed> => {
    const { verdict, reason } = await attempt(sink, batch)
    if (verdict === Verdict.STORED) return { accepted: idsOf(batch), refused: [] }
    return { accepted: [], refused: idsOf(batch).map(() => `${nameOf(verdict)}: ${reason}`) }
  }
  /** Sends what is queued; a lane stops at the first batch that is not taken, because order is promised. */
  const send = async () => {
    const sent = lanes.map(async ({ queue }) => {
      const parts: Fed[] = []
      while (queue.length > 0) {
        const fed = await write(queue[0]!)
        parts.push(fed)
        if (fed.refused.length > 0) {
          const behind = queue
            .slice(1)
            .flatMap((batch) => idsOf(batch).map(() => 'behind one that was refused'))
          parts.push({ accepted: [], refused: behind })
          break
        }
        queue.shift()
      }
      return joinFed(parts)
    })
    return joinFed(await Promise.all(sent))
  }
  return {
    feed(count) {
      const size = Math.ceil(count / partitions / BATCHES)
      let left = count
      for (let nth = 0; left > 0; nth++) {
        const partition = nth % partitions
        const lane = lanes[partition]!
        const some = eventsFrom(lane.seq, Math.min(size, left))
        lane.queue.push(batchOf(partition, lane.seq, some))
        lane.seq += some.length
        left -= some.length
      }
      return send()
    },
    again: send,
    async feedTooMuch() {
      const { verdict, reason } = await attempt(
        sink,
        batchOf(0, lanes[0]!.seq, [new Uint8Array(TOO_MUCH_BYTES)]),
      )
      return `${nameOf(verdict)}: ${reason}`
    },
    async repeat() {
      const fresh: string[] = []
      for (const [partition, lane] of lanes.entries()) {
        const last = lane.seq - 1
        const middle = Math.ceil(last / 2)
        // From the very first, then from the middle to beyond the last.
        const again = [batchOf(partition, 1, eventsFrom(1, middle))]
        again.push(batchOf(partition, middle, eventsFrom(middle, last - middle + 1 + NEW_EVENTS)))
        lane.seq += NEW_EVENTS
        for (const batch of again) {
          const { refused } = await write(batch)
          if (refused.length > 0) throw new Error(`a repeated batch is refused: ${refused[0]}`)
        }
        fresh.push(...idsOf(again[1]!).slice(-NEW_EVENTS))
      }
      return { accepted: fresh, refused: [] }
    },
    close: () => sink.close(),
  }
}
