// Frames of a link whose events were encoded before: only the numbers in front of them are written anew.
import { create, toBinary } from '@bufbuild/protobuf'
import { RunSchema } from '../../proto/gen/freshet/v1/hop_pb.ts'
import { varintBytes, writeVarint } from '../../services/lib/wire.ts'
import { numberRuns, type Origin, type Template } from './batches.ts'

/** `LinkRequest.number`, `LinkRequest.batch` and `Batch.runs` as tags of hop.proto. */
const NUMBER_TAG = 0x08
const BATCH_TAG = 0x12
const RUNS_TAG = 0x0a

/** Returns a function that writes the template as batch `number` of a link, with the next numbers of `origin`. */
export function compileFrame(template: Template): (number: number, origin: Origin) => Uint8Array {
  const tails = template.runs.map(({ timeDeltasUs, events }) =>
    toBinary(RunSchema, create(RunSchema, { timeDeltasUs, events })),
  )
  return (number, origin) => {
    // A message may come in parts, one after the other: head and tail together are the run.
    const heads = numberRuns(template, origin).map((run) => toBinary(RunSchema, create(RunSchema, run)))
    const lengths = heads.map((head, index) => head.length + tails[index]!.length)
    const batchBytes = lengths.reduce((sum, length) => sum + 1 + varintBytes(length) + length, 0)
    const frame = new Uint8Array(1 + varintBytes(number) + 1 + varintBytes(batchBytes) + batchBytes)
    let at = writeVarint(frame, put(frame, 0, NUMBER_TAG), number)
    at = writeVarint(frame, put(frame, at, BATCH_TAG), batchBytes)
    for (const [index, head] of heads.entries()) {
      at = writeVarint(frame, put(frame, at, RUNS_TAG), lengths[index]!)
      frame.set(head, at)
      frame.set(tails[index]!, at + head.length)
      at += lengths[index]!
    }
    return frame
  }
}

function put(frame: Uint8Array, at: number, byte: number): number {
  frame[at] = byte
  return at + 1
}
