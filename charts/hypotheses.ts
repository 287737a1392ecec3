// What must hold soon after an experiment, as conditions in PromQL: an empty answer is "no". They need load (dist/loadtest):
// where nothing happens, nothing is shown to hold.
import type { Pipeline } from '../pipelines/pipeline.ts'
import type { ChaosTarget } from './experiments.ts'
import { age, losses, PROMETHEUS, successRate } from './measures.ts'

/** Short, so that what was during the experiment is soon out of it. */
const WINDOW = '1m'
/** Longer than an experiment and its recovery: nothing may be lost meanwhile. */
const LOSS_WINDOW = '10m'
const MIN_SUCCESS = { intake: 0.95, query: 0.99 }
/** In the stores again, or still. */
const MAX_AGE_SECONDS = 10

/** All of it must hold. */
export function hypothesisOf(pipeline: Pipeline, target: ChaosTarget): string {
  const { name, hops } = pipeline
  const own = `pipeline="${name}"`
  const isStored = (hop: string) => hops[hop]!.to.some((to) => 'store' in to && to.store !== 'kafka')
  const affected = (target.role === 'store' ? Object.keys(hops) : target.hops).filter(isStored)
  const intakes = target.hops.filter((hop) => 'http' in hops[hop]!.from)
  // A channel keeps nothing: what passes while its reader is away is lost, and that is no surprise.
  const lossy = Object.keys(hops).filter((hop) => 'redis-pubsub' in hops[hop]!.from)
  const keepers = lossy.length > 0 ? `${own},hop!~"${lossy.join('|')}"` : own
  const conditions = [
    ...intakes.map((hop) => `${successRate('hop', `${own},hop="${hop}"`, WINDOW)} > ${MIN_SUCCESS.intake}`),
    ...(target.role === 'query' ? [`${successRate('query', own, WINDOW)} > ${MIN_SUCCESS.query}`] : []),
    ...affected.map((hop) => `${age(`${own},hop="${hop}"`, WINDOW)} < ${MAX_AGE_SECONDS}`),
    `${losses(keepers, LOSS_WINDOW)} == 0`,
  ]
  return conditions.map((condition) => `(${condition})`).join(' and on() ')
}

/**
 * A query that Prometheus answers with 200 when a condition holds, and with an error (422) when not: a status check looks at
 * nothing else. Two series that are there only when the condition is not are given the same labels.
 */
export function failUnless(condition: string): string {
  const when = (mark: number) => `label_replace(absent(${condition}), "mark", "${mark}", "", "")`
  return `label_replace(${when(1)} or ${when(2)}, "mark", "", "", "")`
}

/** What a status check asks. */
export function checkUrl(condition: string): string {
  return `${PROMETHEUS}/api/v1/query?query=${encodeURIComponent(failUnless(condition))}`
}
