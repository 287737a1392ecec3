// What brings a new version in names Services, templates and policies that are there.
import { nameOf, type Manifest } from '../manifest.ts'
import type { Rule } from '../checks.ts'
import { find, podsSelected } from './lookup.ts'

type Named = { field: string; kind: string; name: string | undefined }

/** What a Rollout or TrafficSplit names. */
function namedBy({ kind, spec }: Manifest): Named[] {
  if (kind === 'TrafficSplit') {
    const backends = spec.backends as { service: string }[]
    return [
      { field: 'spec.service', kind: 'Service', name: spec.service as string },
      ...backends.map(({ service }, index) => ({
        field: `spec.backends[${index}].service`,
        kind: 'Service',
        name: service,
      })),
    ]
  }
  if (kind !== 'Rollout') return []
  const { blueGreen, canary } = spec.strategy as {
    blueGreen?: Record<string, string> & { postPromotionAnalysis?: Analysis; prePromotionAnalysis?: Analysis }
    canary?: { steps?: { analysis?: Analysis }[] }
  }
  const analyses = [
    blueGreen?.prePromotionAnalysis,
    blueGreen?.postPromotionAnalysis,
    ...(canary?.steps ?? []).map(({ analysis }) => analysis),
  ]
  return [
    ...['activeService', 'previewService'].flatMap((field) =>
      blueGreen?.[field]
        ? [{ field: `spec.strategy.blueGreen.${field}`, kind: 'Service', name: blueGreen[field] }]
        : [],
    ),
    ...analyses.flatMap((analysis) =>
      (analysis?.templates ?? []).map(({ templateName }) => ({
        field: 'spec.strategy…analysis.templates[]',
        kind: 'AnalysisTemplate',
        name: templateName,
      })),
    ),
  ]
}

type Analysis = { templates?: { templateName: string }[] }

const namesExist: Rule = (objects) =>
  objects.flatMap((object) =>
    namedBy(object).flatMap(({ field, kind, name }) =>
      find(objects, kind, object.metadata.namespace, name!)
        ? []
        : [
            `${nameOf(object)}: ${field} names the ${kind} "${name}", which is missing; name one of its namespace`,
          ],
    ),
  )

/** Without a verdict a bad version would go all the way. */
const versionsAreJudged: Rule = (objects) =>
  objects.flatMap((object) =>
    object.kind !== 'Rollout' || namedBy(object).some(({ kind }) => kind === 'AnalysisTemplate')
      ? []
      : [`${nameOf(object)}: spec.strategy has no analysis; name an AnalysisTemplate`],
  )

const isMeshed = (object: Manifest): boolean =>
  object.spec?.template?.metadata?.annotations?.['linkerd.io/inject'] === 'enabled'

/** Linkerd's policies: a Server has pods with that port and a proxy, and somebody may connect to it. */
const serversServe: Rule = (objects) =>
  objects.flatMap((server) => {
    if (server.kind !== 'Server') return []
    const { namespace, name } = server.metadata
    const { podSelector, port } = server.spec
    const at = nameOf(server)
    const pods = podsSelected(objects, namespace, podSelector.matchLabels)
    if (pods.length === 0)
      return [`${at}: spec.podSelector selects no pod; use the labels of a pod of its namespace`]
    const policy = objects.find(
      ({ kind, metadata, spec }) =>
        kind === 'AuthorizationPolicy' && metadata.namespace === namespace && spec.targetRef.name === name,
    )
    const skipped = (object: Manifest) =>
      String(object.spec.template.metadata.annotations?.['config.linkerd.io/skip-inbound-ports'] ?? '').split(
        ',',
      )
    return [
      ...(pods.every(({ containers }) =>
        containers.some(({ ports }) => ports?.some(({ containerPort }) => containerPort === port)),
      )
        ? []
        : [`${at}: spec.port ${port} is no port of ${nameOf(pods[0]!.object)}`]),
      ...pods.flatMap(({ object }) =>
        isMeshed(object) && !skipped(object).includes(String(port))
          ? []
          : [`${at}: ${nameOf(object)} takes port ${port} past the proxy; annotate its pods`],
      ),
      ...(policy
        ? []
        : [`${at}: no AuthorizationPolicy lets anybody in; add one whose spec.targetRef names it`]),
    ]
  })

const authenticationsExist: Rule = (objects) =>
  objects.flatMap((policy) => {
    if (policy.kind !== 'AuthorizationPolicy') return []
    const { namespace } = policy.metadata
    const refs = policy.spec.requiredAuthenticationRefs as { kind: string; name: string }[]
    return refs.flatMap(({ kind, name }) => {
      const found = find(objects, kind, namespace, name)
      if (!found)
        return [
          `${nameOf(policy)}: spec.requiredAuthenticationRefs[] names ${kind} "${name}", which is missing`,
        ]
      const accounts = (found.spec.identityRefs ?? []) as {
        kind: string
        name?: string
        namespace?: string
      }[]
      return accounts.flatMap((account) =>
        account.kind !== 'ServiceAccount' ||
        account.namespace !== undefined ||
        find(objects, 'ServiceAccount', namespace, account.name!)
          ? []
          : [
              `${nameOf(found)}: spec.identityRefs[] names the ServiceAccount "${account.name}", which is missing`,
            ],
      )
    })
  })

export const deliveryRules = [namesExist, versionsAreJudged, serversServe, authenticationsExist]
