// The pipeline as the page draws it: its hops, its stores and the ledger.
import { isDeepStrictEqual } from 'node:util'
import type { HopState, PipelineState } from '../lib/page-api.ts'
import type { Ledger } from './ledger.ts'
import type { Snapshot } from './live-socket.ts'

export function createPipelineReader(
  pipeline: string,
  readHops: () => Promise<HopState[]>,
  readLedger: () => Promise<Ledger>,
): () => Promise<Snapshot<PipelineState>> {
  return async () => {
    // In this order, so that nothing is accepted after the log was read: it would look lost.
    const hops = await readHops()
    const { at, ...ledger } = await readLedger()
    const state = { pipeline, at, hops: hops.map(rounded), ledger }
    return { state, json: JSON.stringify(state) }
  }
}

/** Three digits are what people read; more would change with every look. */
function rounded(hop: HopState): HopState {
  return { ...hop, perSecond: hop.perSecond === null ? null : Number(hop.perSecond.toPrecision(3)) }
}

/** The whole of each part that differs: all of it is small. */
export function pipelineChanges(
  before: PipelineState,
  after: PipelineState,
): Partial<PipelineState> & { at: string } {
  return {
    at: after.at,
    ...(!isDeepStrictEqual(before.hops, after.hops) && { hops: after.hops }),
    ...(!isDeepStrictEqual(before.ledger, after.ledger) && { ledger: after.ledger }),
  }
}
