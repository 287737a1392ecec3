// How a new version comes in where there is Argo Rollouts or Linkerd's TrafficSplit: one word of the pipeline selects.
import { Chart } from 'cdk8s'
import type { Construct } from 'constructs'
import {
  AnalysisTemplate,
  AnalysisTemplateSpecMetricsCount as Count,
  AnalysisTemplateSpecMetricsFailureLimit as FailureLimit,
  AnalysisTemplateSpecMetricsInconclusiveLimit as InconclusiveLimit,
  RolloutSpecStrategyCanaryMaxSurge as MaxSurge,
  RolloutSpecStrategyCanaryMaxUnavailable as MaxUnavailable,
  toJson_RolloutSpec,
  type RolloutSpecStrategy,
} from '../imports/argoproj.io.ts'
import { TrafficSplit } from '../imports/split.smi-spec.io.ts'
import type { Delivery } from '../pipelines/pipeline.ts'
import type { Manifest } from './manifest.ts'
import { PROMETHEUS, slowest, successRate } from './measures.ts'
import type { PodPlan } from './plan.ts'

/** What a new version must hold: the share of requests that succeed, and the 99th percentile of latency. */
export const goals = { successRate: 0.99, slowestSeconds: 0.5 }
const WINDOW = '2m'
/** Bad measurements in a row before it is withdrawn: one may be the start of a cold program. */
const FAILURE_LIMIT = 1

/** How often a version is measured at a step, every 30 s. */
const MEASUREMENTS = 6

/** `preview` has the Service of the version that waits. */
export function previewOf(service: string): string {
  return `${service}-preview`
}

/** Whether the word makes a Rollout of what would be a Deployment. */
export function isRollout(word: Delivery | undefined): boolean {
  return word === 'blue-green' || word === 'canary'
}

/** The same pods under Argo Rollouts. */
export function asRollout(deployment: Manifest, plan: PodPlan): Manifest {
  const { strategy: _, progressDeadlineSeconds, ...spec } = deployment.spec
  const rollout = toJson_RolloutSpec({
    progressDeadlineSeconds,
    progressDeadlineAbort: true,
    strategy: strategyOf(plan),
  })
  return {
    ...deployment,
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    spec: { ...spec, ...rollout },
  }
}

function strategyOf({ name, delivery, services }: PodPlan): RolloutSpecStrategy {
  const [service] = services
  const analysis = {
    templates: [{ templateName: name }],
    args: [{ name: 'hash', valueFrom: { podTemplateHashValue: 'Latest' } }],
  }
  if (delivery === 'blue-green')
    return {
      blueGreen: {
        activeService: service!.name,
        previewService: previewOf(service!.name),
        previewReplicaCount: 1,
        // All requests go over at once, and back when the analysis says so; until then the pods of before stay.
        postPromotionAnalysis: analysis,
        scaleDownDelaySeconds: 900,
      },
    }
  return {
    canary: {
      maxSurge: MaxSurge.fromNumber(1),
      maxUnavailable: MaxUnavailable.fromNumber(0),
      steps: [{ setWeight: 20 }, { analysis }, { setWeight: 50 }, { analysis }],
    },
  }
}

/** The queries by which a version is judged; `hash` is that of its pods' template. */
export function queriesOf(plan: PodPlan, hash: string): { successRate: string; slowest: string } {
  const { name, namespace, containers } = plan
  const reached = containers.at(-1)!
  const labels = `namespace="${namespace}",container="${reached.name}",pod=~"${name}-${hash}-.+"`
  return {
    successRate: successRate(reached.program, labels, WINDOW),
    slowest: slowest(reached.program, labels, WINDOW),
  }
}

/** How a version is judged. Without requests there is no verdict, and the rollout waits for a person. */
export class Analysis extends Chart {
  constructor(scope: Construct, id: string, plan: PodPlan) {
    super(scope, id, { namespace: plan.namespace, disableResourceNameHashes: true })
    const queries = queriesOf(plan, '{{args.hash}}')
    const metric = (name: string, query: string, good: string, bad: string) => ({
      name,
      initialDelay: '1m',
      interval: '30s',
      count: Count.fromNumber(MEASUREMENTS),
      failureLimit: FailureLimit.fromNumber(FAILURE_LIMIT),
      inconclusiveLimit: InconclusiveLimit.fromNumber(MEASUREMENTS - 1),
      successCondition: `len(result) > 0 && result[0] ${good}`,
      failureCondition: `len(result) > 0 && result[0] ${bad}`,
      provider: { prometheus: { address: PROMETHEUS, query } },
    })
    new AnalysisTemplate(this, 'analysis', {
      metadata: { name: plan.name },
      spec: {
        args: [{ name: 'hash' }],
        metrics: [
          metric('success-rate', queries.successRate, `>= ${goals.successRate}`, `< ${goals.successRate}`),
          metric('p99-seconds', queries.slowest, `<= ${goals.slowestSeconds}`, `> ${goals.slowestSeconds}`),
        ],
      },
    })
  }
}

/** Of a thousand requests. What changes here is committed, and Argo CD brings it. */
const NEXT_SHARE = 100

/** Sends a share of a Service's requests to the next version's. */
export class Split extends Chart {
  constructor(scope: Construct, id: string, namespace: string, service: string, next: string) {
    super(scope, id, { namespace, disableResourceNameHashes: true })
    new TrafficSplit(this, 'split', {
      metadata: { name: service },
      spec: {
        service,
        backends: [
          { service, weight: 1_000 - NEXT_SHARE },
          { service: next, weight: NEXT_SHARE },
        ],
      },
    })
  }
}
