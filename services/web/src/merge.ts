// The state of the live views, from the messages of the WebSocket. Parts that did not change stay the same objects.
import type { LiveChanges, LiveState, PipelineState, ViewState } from '../../lib/page-api.ts'

/** What a state is after a message of `/live`; undefined when the message says nothing of it. */
export function mergeLive(
  state: LiveState | undefined,
  message: LiveState | LiveChanges,
): LiveState | undefined {
  if ('views' in message) return message
  if (!state) return undefined
  const { at, total = state.total, changes } = message
  if (!changes) return { ...state, at, total }
  const views: Record<string, ViewState> = { ...state.views }
  for (const [name, change] of Object.entries(changes)) {
    views[name] = Array.isArray(change) ? change : mergeCounts(views[name] as Record<string, number>, change)
  }
  return { ...state, at, total, views }
}

function mergeCounts(
  known: Record<string, number> | undefined,
  change: Record<string, number | null>,
): Record<string, number> {
  const counts = new Map(Object.entries(known ?? {}))
  for (const [key, count] of Object.entries(change)) {
    if (count === null) counts.delete(key)
    else counts.set(key, count)
  }
  // Own properties only: a name may well be `__proto__`.
  return Object.fromEntries(counts)
}

/** The same for `/pipeline`. */
export function mergePipeline(
  state: PipelineState | undefined,
  message: Partial<PipelineState> & { at: string },
): PipelineState | undefined {
  if (state) return { ...state, ...message }
  return 'hops' in message && 'ledger' in message ? (message as PipelineState) : undefined
}
