// Reads, checks and encodes flat events in one pass, about five times as fast as the libraries do it in
// three. It only ever says "certainly valid, and these are the bytes"; whatever it is not sure of (an
// unknown name, a wrong type, a rule that it does not know, a value near a rule's edge) it leaves to them.
import {
  getOption,
  hasOption,
  ScalarType,
  equals,
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
} from '@bufbuild/protobuf'
import {
  field as fieldRulesOption,
  message as messageRulesOption,
  EnumRulesSchema,
  FieldRulesSchema,
  Int32RulesSchema,
  StringRulesSchema,
  UInt32RulesSchema,
  type FieldRules,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'
import { planPattern, type PatternStep } from './pattern.ts'
import { varintBytes, writeVarint } from './wire.ts'

/** What a fast encoder may do with a field: all that it needs to be certain. */
export type FieldPlan = {
  tag: number
  kind: 'string' | 'integer' | 'bool' | 'enum'
  /** The JSON names. */
  names: string[]
  /** Of a string its code points, of an integer its value; both ends are allowed. */
  low: number
  high: number
  /** The only strings that are allowed; empty when any is. */
  members: string[]
  /** Of a string; undefined when it has none. */
  pattern: { text: string; steps: PatternStep[] } | undefined
  /** Of an enum: the values that are allowed. */
  numbers: Map<string, number>
}

/**
 * Plans the fields of a message in the order of their numbers. Undefined when the message is not flat or has rules
 * that are not known here.
 */
export function planFields(schema: DescMessage, aliases: Map<string, DescField>): FieldPlan[] | undefined {
  if (hasOption(schema, messageRulesOption) || schema.oneofs.length > 0) return undefined
  const plans: FieldPlan[] = []
  for (const field of schema.fields.toSorted((a, b) => a.number - b.number)) {
    const known = planField(field)
    if (!known) return undefined
    const others = [...aliases].flatMap(([name, target]) => (target === field ? [name] : []))
    plans.push({ ...known, names: [...new Set([field.name, field.jsonName, ...others])] })
  }
  return plans
}

/**
 * Compiles the fast path of a message. It returns undefined for an event that it cannot vouch for, and
 * always when the message is not flat or has rules that it does not know.
 */
export function compileEncoder(
  schema: DescMessage,
  aliases: Map<string, DescField>,
): (json: unknown) => Uint8Array | undefined {
  const plans = planFields(schema, aliases)
  if (!plans) return () => undefined
  const shapes = plans.map((plan, slot) => ({ ...plan, slot, accepts: checkOf(plan) }))
  const slots = new Map(shapes.flatMap(({ names, slot }) => names.map((name) => [name, slot])))
  const enums = shapes.map(({ numbers }) => numbers)
  const values: unknown[] = shapes.map(() => undefined)
  const lengths = shapes.map(() => 0)

  return (json) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
    values.fill(undefined)
    for (const name in json) {
      const slot = slots.get(name)
      if (slot === undefined || values[slot] !== undefined) return undefined
      const value = (json as Record<string, unknown>)[name]
      if (value === null) return undefined
      values[slot] = value
    }
    let bytes = 0
    for (const { slot, kind, tag, accepts } of shapes) {
      let value = values[slot]
      if (kind === 'string') {
        if (value === undefined) value = ''
        if (typeof value !== 'string' || !value.isWellFormed() || !accepts(value as never)) return undefined
        const length = Buffer.byteLength(value)
        lengths[slot] = length
        if (length > 0) bytes += varintBytes(tag) + varintBytes(length) + length
      } else {
        if (kind === 'enum')
          value = value === undefined ? 0 : typeof value === 'string' ? enums[slot]!.get(value) : value
        else if (kind === 'bool')
          value = value === undefined ? 0 : value === true ? 1 : value === false ? 0 : undefined
        else if (typeof value === 'string') value = WHOLE_NUMBER.test(value) ? Number(value) : undefined
        else value ??= 0
        // Negative integers take ten bytes; they are rare enough for the library.
        if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 0x7fffffff)
          return undefined
        if (!accepts(value as never)) return undefined
        if (value !== 0) bytes += varintBytes(tag) + varintBytes(value as number)
      }
      values[slot] = value
    }
    const into = Buffer.allocUnsafe(bytes)
    let at = 0
    for (const { slot, kind, tag } of shapes) {
      const value = values[slot]
      if (kind === 'string') {
        const length = lengths[slot]!
        if (length === 0) continue
        at = writeVarint(into, at, tag)
        at = writeVarint(into, at, length)
        into.write(value as string, at, length, length === (value as string).length ? 'latin1' : 'utf8')
        at += length
      } else if (value !== 0) {
        at = writeVarint(into, at, tag)
        at = writeVarint(into, at, value as number)
      }
    }
    return into
  }
}

/** Proto JSON may have a number as a text. Other spellings of it are left to the library. */
const WHOLE_NUMBER = /^(?:0|[1-9][0-9]{0,9})$/

type Planned = Omit<FieldPlan, 'names'>
type Bounds = Pick<FieldPlan, 'low' | 'high' | 'members' | 'pattern'>

function planField(field: DescField): Planned | undefined {
  if (field.presence !== 2 /* implicit */ || field.number > 0xfffff) return undefined
  const rules = hasOption(field, fieldRulesOption) ? getOption(field, fieldRulesOption) : undefined
  const any = { ...anything, numbers: new Map<string, number>() }
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING) {
    const bounds = stringBounds(rules)
    return bounds && { ...any, ...bounds, tag: (field.number << 3) | 2, kind: 'string' }
  }
  const tag = field.number << 3
  if (
    field.fieldKind === 'scalar' &&
    (field.scalar === ScalarType.INT32 || field.scalar === ScalarType.UINT32)
  ) {
    const bounds = integerBounds(rules)
    return bounds && { ...any, ...bounds, tag, kind: 'integer' }
  }
  if (field.fieldKind === 'enum') {
    const numbers = enumNumbers(field.enum, rules)
    return numbers && { ...any, tag, kind: 'enum', numbers }
  }
  if (rules) return undefined
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.BOOL) return { ...any, tag, kind: 'bool' }
  return undefined
}

const anything: Bounds = { low: -Infinity, high: Infinity, members: [], pattern: undefined }

function checkOf({ kind, low, high, members, pattern, numbers }: FieldPlan): (value: never) => boolean {
  switch (kind) {
    case 'string': {
      const allowed = members.length > 0 ? new Set(members) : undefined
      const expression = pattern && new RegExp(pattern.text)
      // Rules count code points: at least half of the UTF-16 length, at most all of it.
      return (value: string) =>
        value.length >= low * 2 - 1 &&
        value.length <= high &&
        (!allowed || allowed.has(value)) &&
        (!expression || expression.test(value))
    }
    case 'integer':
      return (value: number) => value >= low && value <= high
    case 'bool':
      return () => true
    case 'enum': {
      const known = new Set(numbers.values())
      return (value: number) => known.has(value)
    }
  }
}

/** The bounds of rules that are exactly `min_len`, `max_len`, a simple `pattern` and `in`, or nothing. */
function stringBounds(rules: FieldRules | undefined): Bounds | undefined {
  if (!rules) return anything
  if (rules.type.case !== 'string') return undefined
  const { minLen, maxLen, pattern, in: members } = rules.type.value
  const understood = create(FieldRulesSchema, {
    type: {
      case: 'string',
      value: create(StringRulesSchema, {
        ...(minLen && { minLen }),
        ...(maxLen && { maxLen }),
        ...(pattern && { pattern }),
        in: members,
      }),
    },
  })
  if (!equals(FieldRulesSchema, rules, understood)) return undefined
  const steps = pattern ? planPattern(pattern) : []
  if (!steps) return undefined
  return {
    low: Number(minLen),
    high: maxLen === 0n ? Infinity : Number(maxLen),
    members,
    pattern: pattern ? { text: pattern, steps } : undefined,
  }
}

/** The bounds of rules that are exactly lower and upper bounds, or nothing. */
function integerBounds(rules: FieldRules | undefined): Bounds | undefined {
  if (!rules) return anything
  if (rules.type.case !== 'int32' && rules.type.case !== 'uint32') return undefined
  const { greaterThan, lessThan } = rules.type.value
  const understood = create(FieldRulesSchema, {
    type:
      rules.type.case === 'int32'
        ? { case: 'int32', value: create(Int32RulesSchema, { greaterThan, lessThan }) }
        : { case: 'uint32', value: create(UInt32RulesSchema, { greaterThan, lessThan }) },
  })
  if (!equals(FieldRulesSchema, rules, understood)) return undefined
  const low =
    greaterThan.case === 'gte'
      ? greaterThan.value
      : greaterThan.case === 'gt'
        ? greaterThan.value + 1
        : -Infinity
  const high =
    lessThan.case === 'lte' ? lessThan.value : lessThan.case === 'lt' ? lessThan.value - 1 : Infinity
  return { ...anything, low, high }
}

/** The values that `defined_only`, `in` and `not_in`, or no rules, allow. An undefined number is left to the library. */
function enumNumbers({ values }: DescEnum, rules: FieldRules | undefined): Map<string, number> | undefined {
  const numbers = values.map(({ name, number }) => [name, number] as const)
  if (!rules) return new Map(numbers)
  if (rules.type.case !== 'enum') return undefined
  const { definedOnly, in: members, notIn } = rules.type.value
  const understood = create(FieldRulesSchema, {
    type: {
      case: 'enum',
      value: create(EnumRulesSchema, { ...(definedOnly && { definedOnly }), in: members, notIn }),
    },
  })
  if (!equals(FieldRulesSchema, rules, understood)) return undefined
  const allowed = (number: number) =>
    (members.length === 0 || members.includes(number)) && !notIn.includes(number)
  return new Map(numbers.filter(([, number]) => allowed(number)))
}
