// The receiving side of a link, whatever carries it: credits, numbered batches, answers as they come.
import { create } from '@bufbuild/protobuf'
import {
  LinkResponseSchema,
  type LinkRequest,
  type LinkResponse,
} from '../../../proto/gen/freshet/v1/hop_pb.ts'
import {
  LINK_CREDITS,
  MAX_BATCH_RECORDS,
  outcomes,
  recordsOf,
  type Deliver,
  type Outcome,
  type Run,
} from '../batch.ts'
import { carriedTraceparent } from '../traceparent.ts'

export type LinkPeer = {
  /** Takes one request; returns why the link must close, or nothing. */
  take(request: LinkRequest): string | undefined
  inFlight(): number
}

/** Opens the receiving side for one peer: grants the credits, hands batches on, and sends their outcomes. */
export function openLinkPeer(
  deliver: Deliver,
  send: (response: LinkResponse) => void,
  settled: () => void,
): LinkPeer {
  let inFlight = 0
  send(create(LinkResponseSchema, { credits: LINK_CREDITS }))
  return {
    inFlight: () => inFlight,
    take({ number, batch }) {
      if (!batch) return 'a request holds a batch'
      if (inFlight >= LINK_CREDITS) return `more than ${LINK_CREDITS} batches in flight`
      inFlight++
      const answer = (outcome: Outcome) => {
        inFlight--
        send(create(LinkResponseSchema, { number, outcome }))
        settled()
      }
      const mistake = mistakeOf(batch)
      if (mistake) answer(outcomes.rejected(mistake))
      else void deliver(batch).then(answer)
      return undefined
    },
  }
}

/** What makes a batch of another hop unusable. Checked once, where it enters a program. */
export function mistakeOf(batch: NonNullable<LinkRequest['batch']>): string | undefined {
  const records = recordsOf(batch)
  if (records > MAX_BATCH_RECORDS)
    return `${records} records in a batch, and ${MAX_BATCH_RECORDS} is the most`
  for (const run of batch.runs) {
    const where = `run ${run.origin}-${run.partition}-${run.firstSeq}`
    if (run.origin === '') return 'a run without origin'
    if (run.count === 0) return `${where}: holds no event`
    // An event takes at least one byte, its length.
    if (run.events.length < run.count) return `${where}: ${run.count} events in ${run.events.length} bytes`
    if (run.timeDeltasUs.length !== run.count)
      return `${where}: ${run.timeDeltasUs.length} times for ${run.count} events`
    if (run.traces.length > 0 && !areTracesSound(run)) return `${where}: a trace context with a mistake`
    if (batch.log && run.offsetDeltas.length !== run.count) return `${where}: not every event has its offset`
  }
  // What a lone empty batch moves is the log position; without one it means nothing.
  if (records === 0 && !batch.log) return 'an empty batch'
  return undefined
}

/** Each of one event, in the order of the events, and in the one form that is carried. */
function areTracesSound({ traces, count }: Run): boolean {
  return traces.every(
    ({ index, traceparent }, nth) =>
      index < count &&
      (nth === 0 || traces[nth - 1]!.index < index) &&
      carriedTraceparent(traceparent) === traceparent,
  )
}
