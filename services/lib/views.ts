// The live views of a scenario: what the schema asks for, and under which public keys Redis holds it.
import { getOption, hasOption, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { live as liveOption } from '../../proto/gen/freshet/v1/options_pb.ts'
import { ConfigError } from './errors.ts'

/** The key under which values beyond `maxKeys` count. */
export const OTHER = '(other)'

export type View =
  | { kind: 'count' | 'top' | 'distinct'; key: string; fields: DescField[]; maxKeys: number }
  | { kind: 'histogram'; key: string; field: DescField; bounds: number[]; labels: string[] }
  | { kind: 'latest'; key: string; size: number }
  | { kind: 'rate'; key: string; seconds: number }

/** The Redis keys of one pipeline; all share the hash tag `{pipeline}`, so that one script may touch them. */
export type ViewKeys = {
  /** Hash: `<origin>-<partition>` → last seq applied. */
  fences: string
  /** Hash: `<topic>-<partition>` → next log offset to apply. */
  positions: string
  /** Hash: `<origin>-<partition>` → `<topic>-<partition>:<offset>` where the log last had it. */
  origins: string
  /** String: how many events are counted. */
  total: string
  views: View[]
}

/** The type that Redis holds a view as. */
export const redisTypes = {
  count: 'hash',
  top: 'zset',
  distinct: 'set',
  histogram: 'hash',
  latest: 'zset',
  rate: 'hash',
} as const satisfies Record<View['kind'], string>

/**
 * The views that the schema's `live` option asks for. Throws ConfigError when it names an unknown field or
 * leaves an open domain without `max_keys`.
 */
export function viewsOf(schema: DescMessage, pipeline: string): ViewKeys {
  const prefix = `{${pipeline}}`
  const mistakes: string[] = []
  const find = (name: string, where: string) => {
    const field = schema.fields.find((candidate) => candidate.name === name)
    if (!field) mistakes.push(`${schema.typeName}: ${where} names "${name}", which is no field`)
    return field ? [field] : []
  }
  const views: View[] = []
  const live = hasOption(schema, liveOption) ? getOption(schema, liveOption) : undefined
  for (const [kind, list] of [
    ['count', live?.countBy],
    ['top', live?.top],
    ['distinct', live?.distinct],
  ] as const) {
    for (const { fields: names, maxKeys } of list ?? []) {
      const fields = names.flatMap((name) => find(name, `live.${kind}`))
      if (names.length === 0) mistakes.push(`${schema.typeName}: live.${kind} names no field`)
      if (maxKeys === 0)
        mistakes.push(`${schema.typeName}: live.${kind} of ${names.join('+')} needs max_keys`)
      views.push({ kind, key: `${prefix}:${kind}:${names.join('+')}`, fields, maxKeys })
    }
  }
  for (const { field: name, bounds } of live?.histogram ?? []) {
    const ascending = bounds.every((bound, index) => index === 0 || bound > bounds[index - 1]!)
    if (bounds.length === 0 || !ascending) {
      mistakes.push(`${schema.typeName}: live.histogram of ${name} needs ascending bounds`)
    }
    for (const field of find(name, 'live.histogram')) {
      views.push({
        kind: 'histogram',
        key: `${prefix}:histogram:${name}`,
        field,
        bounds,
        labels: labelsOf(bounds),
      })
    }
  }
  if (live?.latest) views.push({ kind: 'latest', key: `${prefix}:latest`, size: live.latest })
  if (live?.rateSeconds) views.push({ kind: 'rate', key: `${prefix}:rate`, seconds: live.rateSeconds })
  if (mistakes.length) throw new ConfigError(mistakes)
  return {
    fences: `${prefix}:fences`,
    positions: `${prefix}:positions`,
    origins: `${prefix}:origins`,
    total: `${prefix}:total`,
    views,
  }
}

/** `<18`, `[18,30)`, `>=80`. */
function labelsOf(bounds: number[]): string[] {
  const inner = bounds.slice(0, -1).map((low, index) => `[${low},${bounds[index + 1]})`)
  return [`<${bounds[0]}`, ...inner, `>=${bounds.at(-1)}`]
}

/** The label of the bucket that `value` falls into. */
export function bucketOf(value: number, bounds: number[], labels: string[]): string {
  let index = 0
  while (index < bounds.length && value >= bounds[index]!) index++
  return labels[index]!
}

/** One field's value as it is; several joined by `|`, with `|` and `\` inside a value escaped by `\`. */
export function joinKey(values: string[]): string {
  if (values.length === 1) return values[0]!
  return values.map((value) => value.replace(/[\\|]/g, '\\$&')).join('|')
}

/** The public id of an event, and the receipt that a client gets. */
export function eventId(origin: string, partition: number, seq: number | bigint): string {
  return `${origin}-${partition}-${seq}`
}

/** Takes an id apart; undefined when it is none. */
export function parseEventId(id: string): { origin: string; partition: number; seq: bigint } | undefined {
  const match = /^([A-Za-z0-9._-]{1,249})-(\d{1,5})-(\d{1,19})$/.exec(id)
  if (!match) return undefined
  return { origin: match[1]!, partition: Number(match[2]), seq: BigInt(match[3]!) }
}
