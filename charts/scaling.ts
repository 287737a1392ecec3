// How many pods, and how large. A target has one scaler: KEDA by lag for readers of a log where there is KEDA, otherwise
// Kubernetes by CPU; nothing else states replicas then.
import { Duration } from 'cdk8s'
import type { Chart } from 'cdk8s'
import * as kplus from 'cdk8s-plus-28'
import {
  VerticalPodAutoscaler,
  VerticalPodAutoscalerSpecResourcePolicyContainerPoliciesControlledValues as Controlled,
  VerticalPodAutoscalerSpecUpdatePolicyUpdateMode as UpdateMode,
} from '../imports/autoscaling.k8s.io.ts'
import { ScaledObject, TriggerAuthentication } from '../imports/keda.sh.ts'
import { memoryMiB } from './container.ts'
import { has, type Environment } from './environment.ts'
import type { PodPlan } from './plan.ts'
import { kafkaSecret } from './secrets.ts'

/** Where KEDA's own manifests put it; the broker's policies let it ask for the lag. */
export const kedaNamespace = 'keda'
/** Of the CPU that is requested. */
const TARGET_CPU_PERCENT = 70
/** A reader stores some 10,000 records a second (`make bench`), so that much lag is caught up with within seconds. */
const LAG_PER_POD = 5_000

export type Target = { apiVersion: string; kind: 'Deployment' | 'Rollout'; name: string }

/** Adds the scaler of a pod, if it has one. */
export function addScaler(
  chart: Chart,
  plan: PodPlan,
  target: Target,
  deployment: kplus.Deployment,
  environment: Environment,
) {
  const { replicas } = plan
  if (replicas.most === undefined) return
  const groups = has(environment, 'keda') ? groupsOf(plan) : []
  if (groups.length > 0) addLagScaler(chart, plan, target, groups, environment)
  else
    new kplus.HorizontalPodAutoscaler(chart, 'scaler', {
      metadata: { name: plan.name },
      target: deployment,
      minReplicas: replicas.least,
      maxReplicas: replicas.most,
      metrics: [kplus.Metric.resourceCpu(kplus.MetricTarget.averageUtilization(TARGET_CPU_PERCENT))],
      scaleDown: {
        stabilizationWindow: Duration.seconds(environment.scaleDownSeconds),
        policies: [{ replicas: kplus.Replicas.absolute(1), duration: Duration.minutes(1) }],
      },
    })
}

type Group = { bootstrapServers: string; topic: string; consumerGroup: string }

/** What a pod reads, from the arguments of its containers. */
function groupsOf({ containers }: PodPlan): Group[] {
  return containers.flatMap(({ args }) =>
    args.flatMap((argument) => {
      const [, bootstrapServers, topic, consumerGroup] =
        /^kafka:\/\/([^/]+)\/([^?]+)\?.*?\bgroup=([^&]+)/.exec(argument) ?? []
      return bootstrapServers && topic && consumerGroup ? [{ bootstrapServers, topic, consumerGroup }] : []
    }),
  )
}

function addLagScaler(
  chart: Chart,
  { name, pipeline, replicas }: PodPlan,
  target: Target,
  groups: Group[],
  environment: Environment,
) {
  const { tls } = environment.broker
  if (tls)
    new TriggerAuthentication(chart, 'lag-access', {
      metadata: { name },
      spec: {
        secretTargetRef: ['ca', 'cert', 'key'].map((key) => ({
          parameter: key,
          name: kafkaSecret(pipeline),
          key,
        })),
      },
    })
  new ScaledObject(chart, 'scaler', {
    metadata: { name },
    spec: {
      scaleTargetRef: target,
      minReplicaCount: replicas.least,
      maxReplicaCount: replicas.most!,
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: { scaleDown: { stabilizationWindowSeconds: environment.scaleDownSeconds } },
        },
      },
      triggers: groups.map((group) => ({
        type: 'kafka',
        metadata: {
          ...group,
          lagThreshold: String(LAG_PER_POD),
          // A group that has committed nothing yet reads from the beginning, so all of the topic is its lag.
          offsetResetPolicy: 'earliest',
          ...(tls ? { tls: 'enable' } : {}),
        },
        ...(tls ? { authenticationRef: { name } } : {}),
      })),
    },
  })
}

/**
 * Memory, from what was used: a new pod of what has no other scaler starts with it; elsewhere it is advice, because a
 * running pod would be evicted and CPU is the other scaler's measure.
 */
export function addVerticalScaler(chart: Chart, { name, replicas }: PodPlan, targetRef: Target): void {
  new VerticalPodAutoscaler(chart, 'vertical', {
    metadata: { name },
    spec: {
      targetRef,
      updatePolicy: { updateMode: replicas.most === undefined ? UpdateMode.INITIAL : UpdateMode.OFF },
      resourcePolicy: {
        containerPolicies: [
          {
            containerName: '*',
            controlledResources: ['memory'],
            // The limit fits the bounds of Node's heap (`nodeFlags`), whatever is requested.
            controlledValues: Controlled.REQUESTS_ONLY,
            maxAllowed: { memory: `${memoryMiB.limit}Mi` },
          },
        ],
      },
    },
  })
}
