// One event's way on one time axis: from the client's clock, the hops' metrics and the receipts.
import type { From, Pipeline, Store, Target } from '../../pipelines/pipeline.ts'
import { passageBetween, type Totals } from './passages.ts'
import type { Place, Sighting, Watched } from './receipt.ts'
import type { Step } from './waterfall.ts'

/** Instants are of performance.now(). */
export type Posted = { id: string; writtenAt: number; answeredAt: number }

export type Way = {
  pipeline: string
  postedAt: string
  id: string
  place?: Place
  steps: Step[]
  /** When the last store was seen to have it. */
  axisMs: number
  polls: number
  /** What cannot be said, in words. */
  unknown: string[]
  /** What did not happen in time, in words. */
  missing: string[]
}

export type Facts = {
  pipeline: Pipeline
  intake: string
  posted: Posted
  watched: Watched
  before: Record<string, Totals>
  after: Record<string, Totals>
  reached: string[]
  /** Where it is to arrive. */
  stores: ReadonlySet<Store>
  /** How long each thing was waited for. */
  waitedMs: number
}

/** Puts everything on one axis from the moment of the POST. */
export function wayOf({
  pipeline,
  intake,
  posted,
  watched,
  before,
  after,
  reached,
  stores,
  waitedMs,
}: Facts): Way {
  const { writtenAt } = posted
  const answeredMs = posted.answeredAt - writtenAt
  const { place, polls } = watched
  const postedAtMs = performance.timeOrigin + writtenAt
  // Their clock counts whole milliseconds, so what happened lies in the one that begins there.
  const sincePost = (wholeMs: number) => Math.max(0, wholeMs + 0.5 - postedAtMs)
  const steps: Step[] = [{ who: 'client', what: 'POST → 202', fromMs: 0, toMs: answeredMs, knownBy: 'clock' }]
  const missing: string[] = []
  const unknown: string[] = []
  const seen = (who: string, what: string, sighting: Sighting | undefined) => {
    if (!sighting) return void missing.push(`${who} was not seen to have it in ${waitedMs / 1_000} s`)
    const fromMs = Math.max(0, (sighting.notYetAt ?? writtenAt) - writtenAt)
    steps.push({ who, what, fromMs, toMs: sighting.at - writtenAt, knownBy: 'polls' })
  }
  if (stores.has('mongodb')) seen('MongoDB', 'has the document', watched.mongodb)
  if (stores.has('redis')) seen('Redis', 'has counted it', watched.redis)
  const axisMs = Math.max(...steps.map(({ toMs }) => toMs))
  if (place) {
    const what = `has it: partition ${place.partition}, offset ${place.offset}`
    // The 202 says so; how long before it, the publisher's own line says.
    steps.push({ who: 'Kafka', what, fromMs: 0, toMs: answeredMs, knownBy: 'polls' })
  } else if (stores.has('kafka')) missing.push('Kafka was not seen to have it')

  const { intakeTimeMs } = watched
  if (intakeTimeMs === undefined)
    unknown.push('without a stored document the times of the hops have no origin')
  else
    steps.push({ who: intake, what: 'took it', fromMs: 0, toMs: sincePost(intakeTimeMs), knownBy: 'metrics' })
  for (const hop of reached) {
    const passage = passageBetween(before[hop]!, after[hop]!)
    const records = after[hop]!.records - before[hop]!.records
    if (records === 0) unknown.push(`${hop}: not passed in ${waitedMs / 1_000} s`)
    else if (!passage)
      unknown.push(`${hop}: ${records} events passed meanwhile, so its sums do not tell ours`)
    else if (intakeTimeMs !== undefined) {
      const toMs = sincePost(intakeTimeMs + passage.ageMs)
      const fromMs = Math.max(0, toMs - passage.tookMs)
      steps.push({ who: hop, what: describeHop(pipeline, hop), fromMs, toMs, knownBy: 'metrics' })
    }
  }
  const postedAt = new Date(postedAtMs).toISOString()
  const { name } = pipeline
  const { id } = posted
  return {
    pipeline: name,
    postedAt,
    id,
    ...(place && { place }),
    steps,
    axisMs,
    polls,
    unknown,
    missing,
  }
}

const storeNames: Record<string, string> = { kafka: 'Kafka', mongodb: 'MongoDB', redis: 'Redis' }

/** `grpc → Kafka`. */
function describeHop({ hops }: Pipeline, name: string): string {
  const { from, to } = hops[name]!
  const end = (target: Target) => ('hop' in target ? target.hop : (storeNames[target.store] ?? target.store))
  return `${describeSource(from)} → ${to.map(end).join(', ')}`
}

function describeSource(from: From): string {
  if ('log' in from) return storeNames[from.log]!
  return 'group' in from ? 'Kafka' : Object.keys(from)[0]!
}
