// What every container must say.
import { containersOf, nameOf, podOf, type Container, type Manifest } from '../manifest.ts'
import type { Rule } from '../checks.ts'

/** A rule on each container of each pod; the field is relative to the container. */
function each(find: (container: Container, spec: Record<string, unknown>) => string[]): Rule {
  return (objects: Manifest[]) =>
    objects.flatMap((object) => {
      const spec = podOf(object)?.spec
      if (!spec) return []
      return containersOf(spec).flatMap((container) =>
        find(container, spec).map((mistake) => `${nameOf(object)}: containers[${container.name}].${mistake}`),
      )
    })
}

/** A tag that names a release, or a digest. */
const PINNED = /(:(?!latest$)[\w.-]*\d[\w.-]*|@sha256:[0-9a-f]{64})$/

const imagePinned = each(({ image }) =>
  PINNED.test(image) ? [] : [`image "${image}" is not pinned; give it the tag of a release`],
)

const limitsGiven = each(({ resources }) =>
  (['requests', 'limits'] as const).flatMap((kind) =>
    ['cpu', 'memory']
      .filter((what) => !resources?.[kind]?.[what])
      .map((what) => `resources.${kind}.${what} is missing; state what it may use`),
  ),
)

const probePortsExist = each((container) =>
  ['readinessProbe', 'livenessProbe', 'startupProbe'].flatMap((name) => {
    const probe = container[name] as Record<string, { port?: number | string }> | undefined
    const port = probe?.['httpGet']?.port ?? probe?.['tcpSocket']?.port ?? probe?.['grpc']?.port
    const known = container.ports?.some((each) => each.containerPort === port || each.name === port)
    return port === undefined || known
      ? []
      : [`${name} asks port ${port}, which the container has not; add it to ports`]
  }),
)

const portNamesUnique: Rule = (objects) =>
  objects.flatMap((object) => {
    const spec = podOf(object)?.spec
    const names = spec ? containersOf(spec).flatMap(({ ports = [] }) => ports.map(({ name }) => name)) : []
    const twice = new Set(names.filter((name, index) => name && names.indexOf(name) !== index))
    return [...twice].map(
      (name) =>
        `${nameOf(object)}: containers[].ports[].name "${name}" is given twice; what selects by it finds one only`,
    )
  })

type Context = {
  allowPrivilegeEscalation?: boolean
  privileged?: boolean
  runAsNonRoot?: boolean
  readOnlyRootFilesystem?: boolean
  seccompProfile?: { type?: string }
  capabilities?: { drop?: string[] }
}

/** PodSecurity `restricted`, and a root file system that cannot be written. */
const isRestricted = each((container, spec) => {
  const pod = (spec['securityContext'] ?? {}) as Context
  const own = (container['securityContext'] ?? {}) as Context
  const wrong: string[] = []
  const want = (right: boolean, field: string, value: string) => {
    if (!right) wrong.push(`securityContext.${field} must be ${value}`)
  }
  want(own.allowPrivilegeEscalation === false, 'allowPrivilegeEscalation', 'false')
  want(own.privileged !== true, 'privileged', 'false')
  want(own.readOnlyRootFilesystem === true, 'readOnlyRootFilesystem', 'true')
  want(own.capabilities?.drop?.includes('ALL') === true, 'capabilities.drop', '[ALL]')
  want((own.runAsNonRoot ?? pod.runAsNonRoot) === true, 'runAsNonRoot', 'true')
  want(
    (own.seccompProfile ?? pod.seccompProfile)?.type === 'RuntimeDefault',
    'seccompProfile.type',
    'RuntimeDefault',
  )
  return wrong
})

export const podRules = [imagePinned, limitsGiven, probePortsExist, portNamesUnique, isRestricted]
