// Turns Kafka records into runs.
import { create } from '@bufbuild/protobuf'
import type { KafkaMessage } from 'kafkajs'
import { RunSchema, type Run } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { InvalidEventError } from '../../lib/errors.ts'
import type { EventType } from '../../lib/event-type.ts'
import { IDENTITY_HEADER, parseIdentity } from '../../lib/kafka.ts'
import { joinEvents } from '../../lib/wire.ts'
import type { DeadLetter } from '../dead-letters.ts'
import { carriedTraceparent, TRACEPARENT } from '../traceparent.ts'
import { parseJson } from './json.ts'

/** Reads the value of a foreign record. Throws InvalidEventError. */
export type ReadRecord = (value: Buffer) => Uint8Array

/** Foreign producers may write the message's own encoding, or JSON. `{` can begin no proto3 message. */
export function createRecordReader(eventType: EventType): ReadRecord {
  return (value) => {
    if (value[0] !== 0x7b) {
      eventType.check(value)
      return value
    }
    return eventType.encode(parseJson(value)).bytes
  }
}

/** A run under construction. */
export type BuildingRun = {
  origin: string
  partition: number
  route: string
  foreign: boolean
  firstSeq: number
  timesUs: number[]
  events: Uint8Array[]
  offsets: number[]
  traces: { index: number; traceparent: string }[]
}

/**
 * Groups records into runs of consecutive numbers. Records that repeat a number of the same call are left
 * out; foreign records that are no valid event are returned as dead letters.
 */
export function runsOf(
  messages: KafkaMessage[],
  topic: string,
  partition: number,
  firstOffset: bigint,
  readRecord: ReadRecord,
): { runs: Run[]; unreadable: DeadLetter[] } {
  const finished: BuildingRun[] = []
  const open = new Map<string, BuildingRun>()
  const unreadable: DeadLetter[] = []
  const highest = new Map<string, number>()
  for (const message of messages) {
    const offset = Number(BigInt(message.offset) - firstOffset)
    const identity = parseIdentity(message.headers?.[IDENTITY_HEADER])
    const origin = identity?.origin ?? topic
    const of = identity?.partition ?? partition
    const seq = identity?.seq ?? Number(message.offset)
    const name = `${origin}-${of}`
    // Numbers first appear in rising order, so what is not above the highest is a repetition.
    if (seq <= (highest.get(name) ?? -1)) continue
    const traceparent = carriedTraceparent(message.headers?.[TRACEPARENT])
    let event: Uint8Array = message.value ?? Buffer.alloc(0)
    if (!identity) {
      try {
        event = readRecord(message.value ?? Buffer.alloc(0))
      } catch (cause) {
        if (!(cause instanceof InvalidEventError)) throw cause
        unreadable.push({
          topic,
          partition,
          offset: message.offset,
          reason: cause.message,
          key: message.key,
          value: message.value,
          ...(traceparent !== undefined && { traceparent }),
        })
        continue
      }
    }
    highest.set(name, seq)
    // -1 is Kafka's "no timestamp", and no Run can hold it.
    const timeUs = identity?.timeUs ?? Math.max(0, Number(message.timestamp)) * 1_000
    let run = open.get(name)
    if (run) {
      // Times rise within a run; a foreign producer's may not.
      if (
        seq !== run.firstSeq + run.events.length ||
        timeUs < run.timesUs.at(-1)! ||
        timeUs - run.timesUs[0]! > 0xffffffff
      )
        run = undefined
    }
    if (!run) {
      run = {
        origin,
        partition: of,
        route: identity?.route ?? topic,
        foreign: !identity,
        firstSeq: seq,
        timesUs: [],
        events: [],
        offsets: [],
        traces: [],
      }
      open.set(name, run)
      finished.push(run)
    }
    if (traceparent !== undefined) run.traces.push({ index: run.events.length, traceparent })
    run.timesUs.push(timeUs)
    run.events.push(event)
    run.offsets.push(offset)
  }
  return { runs: finished.map(finishRun), unreadable }
}

export function finishRun(run: BuildingRun): Run {
  const firstTimeUs = run.timesUs[0]!
  return create(RunSchema, {
    origin: run.origin,
    partition: run.partition,
    firstSeq: BigInt(run.firstSeq),
    count: run.events.length,
    firstTimeUs: BigInt(firstTimeUs),
    timeDeltasUs: run.timesUs.map((timeUs) => timeUs - firstTimeUs),
    events: joinEvents(run.events),
    route: run.route,
    foreign: run.foreign,
    offsetDeltas: run.offsets,
    traces: run.traces,
  })
}
