// Series of a good and of a bad version, and of an experiment that the pipeline survives and of one that it does not; and
// what the queries of canaries and hypotheses must say of them. promtool evaluates them.
import { pipelines } from '../pipelines/all.ts'
import { goals, isRollout, queriesOf } from './delivery.ts'
import { environments } from './environment.ts'
import { targetsOf } from './experiments.ts'
import { hypothesisOf } from './hypotheses.ts'
import { edgesOf } from './network.ts'
import { planPods, type PodPlan } from './plan.ts'

export type MeasureCase = {
  what: string
  /** Prometheus' notation, one value every 15 s, looked at after 15 minutes. */
  series: Record<string, string>
  expr: string
  samples: { labels: string; value: number }[]
}

const STEPS = 80
const growing = (by: number) => `0+${by}x${STEPS}`
const yes = [{ labels: '{}', value: 1 }]
const no = [{ labels: '{}', value: 0 }]
const NEW = 'abc12345'
const OLD = 'def67890'

const cloud = environments.find(({ name }) => name === 'cloud')!

/** Of requests per 15 s: how many there are, how many fail, and how many of them are slow. */
type Load = { good: number; failed: number; slow: number }

/** What the pods of a version expose under a load. */
function seriesOf({ name, namespace, containers }: PodPlan, hash: string, { good, failed, slow }: Load) {
  const { program, name: container } = containers.at(-1)!
  const pod = `namespace="${namespace}",container="${container}",pod="${name}-${hash}-xyz12"`
  const [answers, durations] =
    program === 'hop'
      ? ['freshet_hop_responses_total', 'freshet_hop_batch_seconds_bucket']
      : ['freshet_query_request_seconds_count', 'freshet_query_request_seconds_bucket']
  return {
    [`${answers}{${pod},status="${program === 'hop' ? 202 : 200}"}`]: growing(good),
    [`${answers}{${pod},status="503"}`]: growing(failed),
    [`${durations}{${pod},le="0.05"}`]: growing(good - slow),
    [`${durations}{${pod},le="0.5"}`]: growing(good - slow),
    [`${durations}{${pod},le="2"}`]: growing(good),
    [`${durations}{${pod},le="+Inf"}`]: growing(good),
  }
}

/** An analysis passes a good version and stops a bad one, whatever the one before it does. */
export function deliveryCases(): MeasureCase[] {
  const plans = pipelines.flatMap((pipeline) =>
    planPods(pipeline, cloud).filter(({ delivery }) => isRollout(delivery)),
  )
  return plans.flatMap((plan) => {
    const queries = queriesOf(plan, NEW)
    const succeeds = `(${queries.successRate}) >= bool ${goals.successRate}`
    const isFast = `(${queries.slowest}) <= bool ${goals.slowestSeconds}`
    const good = { good: 300, failed: 1, slow: 1 }
    const failing = { good: 300, failed: 30, slow: 0 }
    const slow = { good: 300, failed: 0, slow: 30 }
    const both = (fresh: Load, before: Load) => ({
      ...seriesOf(plan, NEW, fresh),
      ...seriesOf(plan, OLD, before),
    })
    const of = `${plan.namespace}/${plan.name}`
    return [
      {
        what: `${of}: a good version passes beside a bad one`,
        series: both(good, failing),
        expr: succeeds,
        samples: yes,
      },
      {
        what: `${of}: a good version is fast beside a slow one`,
        series: both(good, slow),
        expr: isFast,
        samples: yes,
      },
      {
        what: `${of}: a failing version is stopped beside a good one`,
        series: both(failing, good),
        expr: succeeds,
        samples: no,
      },
      {
        what: `${of}: a slow version is stopped beside a good one`,
        series: both(slow, good),
        expr: isFast,
        samples: no,
      },
      {
        what: `${of}: a version that answers nothing but errors is stopped`,
        series: seriesOf(plan, NEW, { good: 0, failed: 30, slow: 0 }),
        expr: succeeds,
        samples: no,
      },
      {
        what: `${of}: without requests there is no verdict`,
        series: seriesOf(plan, OLD, good),
        expr: succeeds,
        samples: [],
      },
    ]
  })
}

/** A hypothesis holds while all is well, and not when requests fail, records are late or lost, or nothing happens. */
export function hypothesisCases(): MeasureCase[] {
  return pipelines.flatMap((pipeline) => {
    const pods = planPods(pipeline, cloud)
    const own = `pipeline="${pipeline.name}"`
    const hops = Object.keys(pipeline.hops).filter((hop) => !('redis-pubsub' in pipeline.hops[hop]!.from))
    const well = ({ failed = 0, late = 0, lost = 0 }): Record<string, string> => ({
      [`freshet_query_request_seconds_count{${own},status="200"}`]: growing(100),
      [`freshet_query_request_seconds_count{${own},status="503"}`]: growing(failed),
      ...Object.fromEntries(
        Object.keys(pipeline.hops).flatMap((hop) => {
          const at = `${own},hop="${hop}"`
          return [
            [`freshet_hop_responses_total{${at},status="202"}`, growing(100)],
            [`freshet_hop_responses_total{${at},status="503"}`, growing(failed)],
            [`freshet_hop_freshness_seconds_bucket{${at},le="1"}`, growing(100 - late)],
            [`freshet_hop_freshness_seconds_bucket{${at},le="60"}`, growing(100)],
            [`freshet_hop_freshness_seconds_bucket{${at},le="+Inf"}`, growing(100)],
            [`freshet_hop_gaps_total{${at}}`, hop === hops[0] ? growing(lost) : growing(0)],
            [`freshet_hop_dead_letters_total{${at}}`, growing(0)],
          ]
        }),
      ),
    })
    return targetsOf(pipeline, pods, edgesOf(pods, cloud), []).flatMap((target): MeasureCase[] => {
      const expr = `count(${hypothesisOf(pipeline, target)})`
      const of = `${pipeline.name}/${target.name}`
      const answers = ['intake', 'query'].includes(target.role)
      const stores = target.hops.some((hop) =>
        pipeline.hops[hop]!.to.some((to) => 'store' in to && to.store !== 'kafka'),
      )
      return [
        { what: `${of}: holds while all is well`, series: well({}), expr, samples: yes },
        { what: `${of}: fails when a record is lost`, series: well({ lost: 1 }), expr, samples: [] },
        ...(answers
          ? [{ what: `${of}: fails when requests fail`, series: well({ failed: 20 }), expr, samples: [] }]
          : []),
        ...(stores
          ? [{ what: `${of}: fails when records are late`, series: well({ late: 50 }), expr, samples: [] }]
          : []),
      ]
    })
  })
}
