// The proof that an environment's manifests fit together. Each rule names the object, the field and the mend.
import { chaosRules } from './checks/chaos.ts'
import { deliveryRules } from './checks/delivery.ts'
import { edgeRules } from './checks/edges.ts'
import { monitorRules } from './checks/monitors.ts'
import { podRules } from './checks/pods.ts'
import { referenceRules } from './checks/references.ts'
import { scaleRules } from './checks/scale.ts'
import { nameOf, type Manifest } from './manifest.ts'

export type Rule = (objects: Manifest[]) => string[]

/** Every mistake of an environment; empty when there is none. */
export function checkManifests(objects: Manifest[]): string[] {
  const rules = [
    findDoubles,
    ...referenceRules,
    ...podRules,
    ...scaleRules,
    ...edgeRules,
    ...deliveryRules,
    ...chaosRules,
    ...monitorRules,
  ]
  return rules.flatMap((rule) => rule(objects))
}

/** Applied one after the other, the later of two would silently replace the first. */
function findDoubles(objects: Manifest[]): string[] {
  const seen = new Set<string>()
  return objects.flatMap((object) => {
    const name = `${object.apiVersion.split('/')[0]} ${nameOf(object)}`
    if (!seen.has(name)) return (seen.add(name), [])
    return [`${nameOf(object)}: metadata.name is given twice; name one of them differently`]
  })
}
