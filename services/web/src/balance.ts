// The ledger as people read it: what was accepted, what each store has, and whether that agrees.
import type { PipelineState } from '../../lib/page-api.ts'
import { figureOf } from './graph-model.ts'

export type Balance = {
  accepted: number | undefined
  /** Undefined where there is no Kafka, or it is away. */
  kafka: number | undefined
  hasKafka: boolean
  mongodb: number | undefined
  redis: number | undefined
  deadLetters: number
  /** In the log, and not in every store yet. */
  inFlight: number | undefined
  /** In the log beyond what was accepted. */
  unacknowledged: number | undefined
  verdict: 'balanced' | 'moving' | 'unbalanced' | 'unknown'
}

export function balanceOf({ hops, ledger }: Pick<PipelineState, 'hops' | 'ledger'>): Balance {
  const intakes = hops.flatMap(({ accepted }) => accepted ?? [])
  const accepted = intakes.length > 0 ? intakes.reduce((sum, count) => sum + count, 0) : undefined
  const hasKafka = ledger.log !== undefined
  const kafka = figureOf(ledger.log, 'records')
  const mongodb = figureOf(ledger.mongodb, 'documents')
  const redis = figureOf(ledger.redis, 'total')
  const deadLetters = hops.reduce((sum, hop) => sum + hop.deadLetters, 0)
  const log = hasKafka ? kafka : mongodb
  const known = log !== undefined && mongodb !== undefined && redis !== undefined
  const behind = known ? Math.max(log - mongodb, log - redis) - deadLetters : undefined
  const inFlight = behind === undefined ? undefined : Math.max(0, behind)
  const unacknowledged = log === undefined || accepted === undefined ? undefined : Math.max(0, log - accepted)
  // More in a store than in the log, and the log did not forget any: that is wrong, and not under way.
  const partitions = Object.values(figureOf(ledger.log, 'partitions') ?? {})
  const forgotten = partitions.some(({ low }) => low > 0)
  const more = known && !forgotten && (mongodb > log || redis > log)
  const lost = known && accepted !== undefined && accepted > log + deadLetters && !forgotten
  const verdict = !known ? 'unknown' : more || lost ? 'unbalanced' : inFlight! > 0 ? 'moving' : 'balanced'
  return { accepted, kafka, hasKafka, mongodb, redis, deadLetters, inFlight, unacknowledged, verdict }
}
