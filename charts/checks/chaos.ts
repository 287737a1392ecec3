// Experiments hit pods that exist, in containers that they have.
import { nameOf, type Manifest } from '../manifest.ts'
import type { Rule } from '../checks.ts'
import { find, podsSelected } from './lookup.ts'

type Selector = { namespaces?: string[]; labelSelectors?: Record<string, string> }
type Chaos = { selector?: Selector; target?: { selector: Selector }; containerNames?: string[] }

/** The experiments in an object, each with the field that it is in. */
function chaosIn({ kind, spec }: Manifest): { field: string; chaos: Chaos }[] {
  const fields = (at: string, object: Record<string, unknown>) =>
    Object.entries(object).flatMap(([name, value]) =>
      name.endsWith('Chaos') ? [{ field: `${at}.${name}`, chaos: value as Chaos }] : [],
    )
  if (kind === 'Schedule') return fields('spec', spec)
  if (kind !== 'Workflow') return []
  return (spec.templates as (Record<string, unknown> & { name: string })[]).flatMap((template) =>
    fields(`spec.templates[${template.name}]`, template),
  )
}

/** Strimzi makes the brokers' pods, with these labels. */
function selectsBroker(objects: Manifest[], namespace: string, labels: Record<string, string>): boolean {
  const cluster = labels['strimzi.io/cluster']
  return cluster !== undefined && find(objects, 'Kafka', namespace, cluster) !== undefined
}

const experimentsHit: Rule = (objects) =>
  objects.flatMap((object) =>
    chaosIn(object).flatMap(({ field, chaos }) => {
      const at = `${nameOf(object)}: ${field}`
      const hit = ({ namespaces = [], labelSelectors = {} }: Selector) =>
        namespaces.flatMap((namespace) => podsSelected(objects, namespace, labelSelectors))
      const selectors = [
        ['selector', chaos.selector ?? {}] as const,
        ...(chaos.target ? [['target.selector', chaos.target.selector] as const] : []),
      ]
      const empty = selectors.filter(
        ([, selector]) =>
          Object.keys(selector.labelSelectors ?? {}).length === 0 ||
          (hit(selector).length === 0 &&
            !selectsBroker(objects, selector.namespaces?.[0] ?? '', selector.labelSelectors ?? {})),
      )
      const main = hit(chaos.selector ?? {}).flatMap(({ object: { spec } }) => spec.template.spec.containers)
      const missing = (chaos.containerNames ?? []).filter(
        (name) => !main.some((container: { name: string }) => container.name === name),
      )
      return [
        ...empty.map(([name]) => `${at}.${name} selects no pod; use the namespace and the labels of one`),
        ...missing.map(
          (name) => `${at}.containerNames: "${name}" is no container of its pods that is not a sidecar`,
        ),
      ]
    }),
  )

const stepsExist: Rule = (objects) =>
  objects.flatMap((object) => {
    if (object.kind !== 'Workflow') return []
    const templates = object.spec.templates as { name: string; children?: string[]; templateType: string }[]
    const names = new Set(templates.map(({ name }) => name))
    const called = [object.spec.entry as string, ...templates.flatMap(({ children = [] }) => children)]
    return [
      ...called
        .filter((name) => !names.has(name))
        .map((name) => `${nameOf(object)}: spec.templates has no "${name}", which is called; add it`),
      ...templates
        .filter(({ templateType, name }) => templateType.endsWith('Chaos') && !isChecked(templates, name))
        .map(
          ({ name }) => `${nameOf(object)}: spec.templates[${name}] is followed by no StatusCheck; add one`,
        ),
    ]
  })

function isChecked(
  templates: { name: string; children?: string[]; templateType: string }[],
  name: string,
): boolean {
  return templates.some(({ children = [] }) => {
    const next = children[children.indexOf(name) + 1]
    return (
      children.includes(name) &&
      templates.some((each) => each.name === next && each.templateType === 'StatusCheck')
    )
  })
}

export const chaosRules = [experimentsHit, stepsExist]
