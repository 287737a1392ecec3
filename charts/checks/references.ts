// What is named must be there.
import { nameOf, podOf, containersOf, type Manifest } from '../manifest.ts'
import type { Rule } from '../checks.ts'
import { secretsFolder } from '../secrets.ts'
import { find, podsOf, podsSelected } from './lookup.ts'

const serviceSelects: Rule = (objects) =>
  objects.flatMap((service) => {
    if (service.kind !== 'Service' || !service.spec.selector) return []
    const pods = podsSelected(objects, service.metadata.namespace, service.spec.selector)
    if (pods.length === 0)
      return [`${nameOf(service)}: spec.selector selects no pod; use the labels of a pod of its namespace`]
    const ports = pods.flatMap(({ containers }) => containers.flatMap((container) => container.ports ?? []))
    return (service.spec.ports as { port: number; targetPort?: number | string }[]).flatMap(
      ({ port, targetPort = port }, index) =>
        ports.some(({ name, containerPort }) => targetPort === containerPort || targetPort === name)
          ? []
          : [
              `${nameOf(service)}: spec.ports[${index}].targetPort ${targetPort} is no port of ${nameOf(pods[0]!.object)}; name one that a container has`,
            ],
    )
  })

type Backend = { field: string; name: string; port: number | string | undefined }

/** What routes name, in the words of each kind. */
function backendsOf({ kind, spec }: Manifest): Backend[] {
  switch (kind) {
    case 'Ingress':
      return (spec.rules ?? []).flatMap(
        ({
          http,
        }: {
          http?: {
            paths: { backend: { service: { name: string; port: { number?: number; name?: string } } } }[]
          }
        }) =>
          (http?.paths ?? []).map(({ backend: { service } }) => ({
            field: 'spec.rules[].http.paths[].backend',
            name: service.name,
            port: service.port.number ?? service.port.name,
          })),
      )
    case 'HTTPProxy':
      return (spec.routes ?? []).flatMap(
        ({ services = [] }: { services?: { name: string; port: number }[] }) =>
          services.map(({ name, port }) => ({ field: 'spec.routes[].services[]', name, port })),
      )
    case 'IngressRoute':
      return spec.routes.flatMap(({ services = [] }: { services?: { name: string; port: number }[] }) =>
        services.map(({ name, port }) => ({ field: 'spec.routes[].services[]', name, port })),
      )
    case 'HTTPRoute':
    case 'GRPCRoute':
      return (spec.rules ?? []).flatMap(
        ({ backendRefs = [] }: { backendRefs?: { name: string; port: number }[] }) =>
          backendRefs.map(({ name, port }) => ({ field: 'spec.rules[].backendRefs[]', name, port })),
      )
    default:
      return []
  }
}

const backendsExist: Rule = (objects) =>
  objects.flatMap((route) =>
    backendsOf(route).flatMap(({ field, name, port }) => {
      const service = find(objects, 'Service', route.metadata.namespace, name)
      if (!service)
        return [
          `${nameOf(route)}: ${field} names the Service "${name}", which is missing; name one of its namespace`,
        ]
      const ports = service.spec.ports as { port: number; name?: string }[]
      if (ports.some((each) => each.port === port || each.name === port)) return []
      return [
        `${nameOf(route)}: ${field} wants port ${port} of ${nameOf(service)}, which has ${ports.map((each) => each.port).join(', ')}`,
      ]
    }),
  )

const gatewaysExist: Rule = (objects) =>
  objects.flatMap((route) =>
    ((route.kind === 'HTTPRoute' && route.spec.parentRefs) || []).flatMap(
      ({ name, namespace, kind = 'Gateway' }: { name: string; namespace?: string; kind?: string }) =>
        kind !== 'Gateway' || find(objects, 'Gateway', namespace ?? route.metadata.namespace, name)
          ? []
          : [`${nameOf(route)}: spec.parentRefs[] names the Gateway "${name}", which is missing`],
    ),
  )

/** In every namespace, by Kubernetes itself. */
const ROOT_CERTIFICATE = 'kube-root-ca.crt'

/** Secrets are never here; what makes them is. */
function secretIsMade(objects: Manifest[], namespace: string | undefined, name: string): boolean {
  return objects.some(
    ({ kind, metadata, spec }) =>
      metadata.namespace === namespace &&
      ((kind === 'ExternalSecret' && (spec.target?.name ?? metadata.name) === name) ||
        (['SealedSecret', 'Secret', 'KafkaUser'].includes(kind) && metadata.name === name)),
  )
}

const podReferencesExist: Rule = (objects) =>
  objects.flatMap((object) => {
    const spec = podOf(object)?.spec
    if (!spec) return []
    const { namespace } = object.metadata
    const wrong: string[] = []
    const wantSecret = (name: string, field: string) => {
      if (!secretIsMade(objects, namespace, name))
        wrong.push(
          `${nameOf(object)}: ${field} names the Secret "${name}", which nothing makes; add an ExternalSecret`,
        )
    }
    const wantMap = (name: string, field: string) => {
      if (name !== ROOT_CERTIFICATE && !find(objects, 'ConfigMap', namespace, name))
        wrong.push(`${nameOf(object)}: ${field} names the ConfigMap "${name}", which is missing`)
    }
    const account = spec.serviceAccountName
    if (account && !find(objects, 'ServiceAccount', namespace, account))
      wrong.push(
        `${nameOf(object)}: spec.serviceAccountName names "${account}", which is missing; add the ServiceAccount`,
      )
    for (const volume of spec.volumes ?? []) {
      const { secret, configMap } = volume as {
        secret?: { secretName: string }
        configMap?: { name: string }
      }
      if (secret) wantSecret(secret.secretName, `spec.volumes[${volume.name}]`)
      if (configMap) wantMap(configMap.name, `spec.volumes[${volume.name}]`)
    }
    for (const { name, env = [] } of containersOf(spec))
      for (const variable of env) {
        const source = variable.valueFrom as
          | { secretKeyRef?: { name: string }; configMapKeyRef?: { name: string } }
          | undefined
        if (source?.secretKeyRef)
          wantSecret(source.secretKeyRef.name, `containers[${name}].env[${variable.name}]`)
        if (source?.configMapKeyRef)
          wantMap(source.configMapKeyRef.name, `containers[${name}].env[${variable.name}]`)
      }
    return wrong
  })

const secretsAreMounted: Rule = (objects) =>
  podsOf(objects).flatMap(({ object, containers }) =>
    containers.flatMap(({ name, args = [], volumeMounts = [] }) =>
      args.flatMap((argument) => {
        const secret = /[?&]secret=([^&]+)/.exec(argument)?.[1]
        const mounts = volumeMounts as { mountPath: string }[]
        if (
          secret === undefined ||
          mounts.some(({ mountPath }) => mountPath === `${secretsFolder}/${secret}`)
        )
          return []
        return [
          `${nameOf(object)}: containers[${name}].args ${argument}: no volume is mounted at ${secretsFolder}/${secret}; add it`,
        ]
      }),
    ),
  )

const namespacesExist: Rule = (objects) =>
  objects.flatMap((object) => {
    const { namespace } = object.metadata
    if (namespace === undefined || find(objects, 'Namespace', undefined, namespace)) return []
    return [`${nameOf(object)}: metadata.namespace "${namespace}" is missing; add the Namespace`]
  })

export const referenceRules = [
  serviceSelects,
  backendsExist,
  gatewaysExist,
  podReferencesExist,
  secretsAreMounted,
  namespacesExist,
]
