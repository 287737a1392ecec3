// What an expression reads: the names of its series, down through what is recorded.
import type { RuleGroup } from '../../charts/monitoring/rules.ts'

/** Families that only a cluster has: kube-state-metrics, Linkerd, Kepler, Strimzi's operator, the ingress controllers. */
const absentHere = [
  /^kube_/,
  /^(request|response)_(total|latency_ms(_bucket|_count|_sum)?)$/,
  /^kepler_/,
  /^strimzi_/,
  /^(nginx_ingress_controller|traefik|envoy)_/,
]

const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/g

/** The series of an expression: words that are neither functions, nor within braces, brackets, quotes or `by (…)`. */
export function namesIn(expr: string): Set<string> {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, ' ')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replaceAll(/\boffset\s+\S+/g, ' ')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
  const names = new Set<string>()
  for (const { 0: word, index } of bare.matchAll(WORD)) {
    const after = bare.slice(index + word.length).trimStart()
    const isNumber = /[\d.$]$/.test(bare.slice(0, index))
    if (!isNumber && !after.startsWith('(') && !/^(or|and|unless|bool)$/.test(word)) names.add(word)
  }
  return names
}

/** The series that programs must expose, for an expression that may use recorded ones. */
export function exposedNames(expr: string, groups: RuleGroup[]): Set<string> {
  const recordings = groups.flatMap(({ rules }) => rules.flatMap((rule) => ('record' in rule ? [rule] : [])))
  const found = new Set<string>()
  const visit = (text: string, within: string[]) => {
    for (const name of namesIn(text)) {
      const sources = recordings.filter(({ record }) => record === name && !within.includes(name))
      if (sources.length === 0) found.add(name)
      for (const source of sources) visit(source.expr, [...within, name])
    }
  }
  visit(expr, [])
  return found
}

/** Whether a series may be missing where there is no cluster. */
export function mayBeAbsent(name: string): boolean {
  return absentHere.some((family) => family.test(name))
}
