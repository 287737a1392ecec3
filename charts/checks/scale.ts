// Scalers, disruption budgets, and readers of a topic.
import { nameOf, type Manifest } from '../manifest.ts'
import type { Rule } from '../checks.ts'
import { find, podsOf, podsSelected, type Pod } from './lookup.ts'

/** What scales a Deployment or a Rollout, and how. */
function targetOf({ kind, spec }: Manifest): { kind: string; name: string } | undefined {
  if (kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject')
    return { kind: 'Deployment', ...(spec.scaleTargetRef as { kind?: string; name: string }) }
  if (kind === 'VerticalPodAutoscaler') return spec.targetRef
  return undefined
}

/** Advice of a VerticalPodAutoscaler changes nothing. */
function isAdvice({ kind, spec }: Manifest): boolean {
  return kind === 'VerticalPodAutoscaler' && spec.updatePolicy?.updateMode === 'Off'
}

const targetsExist: Rule = (objects) =>
  objects.flatMap((scaler) => {
    const target = targetOf(scaler)
    if (!target || find(objects, target.kind, scaler.metadata.namespace, target.name)) return []
    return [
      `${nameOf(scaler)}: its target, ${target.kind} "${target.name}", is missing; name one of its namespace`,
    ]
  })

const oneScalerEach: Rule = (objects) => {
  const owners = new Map<string, Manifest>()
  return objects.flatMap((scaler) => {
    const target = isAdvice(scaler) ? undefined : targetOf(scaler)
    if (!target) return []
    const key = `${target.kind} ${scaler.metadata.namespace}/${target.name}`
    const other = owners.get(key)
    if (other) return [`${nameOf(scaler)}: ${nameOf(other)} scales ${key} already; remove one of them`]
    owners.set(key, scaler)
    return []
  })
}

const SCALERS = ['HorizontalPodAutoscaler', 'ScaledObject']

const replicasHaveOneOwner: Rule = (objects) =>
  objects.flatMap((scaler) => {
    const target = SCALERS.includes(scaler.kind) && targetOf(scaler)
    const scaled = target && find(objects, target.kind, scaler.metadata.namespace, target.name)
    return scaled && scaled.spec.replicas !== undefined
      ? [`${nameOf(scaled)}: spec.replicas is set, but ${nameOf(scaler)} decides; remove it`]
      : []
  })

const triggersRead: Rule = (objects) =>
  objects.flatMap((scaler) => {
    if (scaler.kind !== 'ScaledObject') return []
    const { namespace } = scaler.metadata
    const target = podsOf(objects).find(
      ({ object }) =>
        object.metadata.namespace === namespace && object.metadata.name === scaler.spec.scaleTargetRef.name,
    )
    const triggers = scaler.spec.triggers as {
      metadata: { topic?: string; consumerGroup?: string }
      authenticationRef?: { name: string }
    }[]
    return triggers.flatMap(({ metadata: { topic, consumerGroup }, authenticationRef }, index) => {
      const at = `${nameOf(scaler)}: spec.triggers[${index}]`
      const args = target?.containers.flatMap((container) => container.args ?? []) ?? []
      const reads = args.some((argument) => argument.includes(`/${topic}?group=${consumerGroup}`))
      return [
        ...(target && !reads
          ? [
              `${at} counts the lag of "${consumerGroup}" in "${topic}", which its target does not read; name its group`,
            ]
          : []),
        ...(authenticationRef && !find(objects, 'TriggerAuthentication', namespace, authenticationRef.name)
          ? [`${at}.authenticationRef names "${authenticationRef.name}", which is missing`]
          : []),
      ]
    })
  })

const budgetsSelect: Rule = (objects) =>
  objects.flatMap((budget) =>
    budget.kind !== 'PodDisruptionBudget' ||
    podsSelected(objects, budget.metadata.namespace, budget.spec.selector.matchLabels).length > 0
      ? []
      : [`${nameOf(budget)}: spec.selector selects no pod; use the labels of a pod of its namespace`],
  )

/** The most pods that an object may have. */
export function mostReplicas(objects: Manifest[], { metadata, kind, spec }: Manifest): number {
  const scaler = objects.find((each) => {
    const target = SCALERS.includes(each.kind) ? targetOf(each) : undefined
    return (
      each.metadata.namespace === metadata.namespace && target?.name === metadata.name && target.kind === kind
    )
  })
  return scaler?.spec.maxReplicas ?? scaler?.spec.maxReplicaCount ?? spec.replicas ?? 1
}

/** Topics by what reads and writes them: `[topic, source?]`. */
function topicsOf({ containers }: Pod): { topic: string; container: string; reads: boolean }[] {
  return containers.flatMap(({ name, args = [] }) =>
    args.flatMap((argument) => {
      const topic = /^kafka:\/\/[^/]+\/([^?]+)/.exec(argument)?.[1]
      return topic === undefined ? [] : [{ topic, container: name, reads: /[?&]group=/.test(argument) }]
    }),
  )
}

const topicsServe: Rule = (objects) =>
  podsOf(objects).flatMap((pod) =>
    topicsOf(pod).flatMap(({ topic, container, reads }) => {
      const at = `${nameOf(pod.object)}: containers[${container}].args`
      const found = objects.find(
        ({ kind, metadata, spec }) => kind === 'KafkaTopic' && (spec.topicName ?? metadata.name) === topic,
      )
      if (!found) return [`${at} names the topic "${topic}", which is missing; add the KafkaTopic`]
      const most = mostReplicas(objects, pod.object)
      if (!reads || most <= found.spec.partitions) return []
      return [
        `${at} reads "${topic}" with up to ${most} pods, but it has ${found.spec.partitions} partitions; lower the replicas`,
      ]
    }),
  )

export const scaleRules = [
  targetsExist,
  oneScalerEach,
  replicasHaveOneOwner,
  triggersRead,
  budgetsSelect,
  topicsServe,
]
