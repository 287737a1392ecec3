// Reads, checks and encodes flat events in one pass, about five times as fast as the libraries do it in
// three. It only ever says "certainly valid, and these are the bytes"; whatever it is not sure of (an
// unknown name, a wrong type, a rule that it does not know, a value near a rule's edge) it leaves to them.
import {
  getOption,
  hasOption,
  ScalarType,
  equals,
  create,
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
import { varintBytes, writeVarint } from './wire.ts'

type Shape = {
  field: DescField
  slot: number
  tag: number
  kind: 'string' | 'integer' | 'bool' | 'enum'
  accepts: (value: never) => boolean
}

/**
 * Compiles the fast path of a message. It returns undefined for an event that it cannot vouch for, and
 * always when the message is not flat or has rules that it does not know.
 */
export function compileEncoder(
  schema: DescMessage,
  aliases: Map<string, DescField>,
): (json: unknown) => Uint8Array | undefined {
  const shapes = schema.fields
    .toSorted((a, b) => a.number - b.number)
    .map((field, slot) => shapeOf(field, slot))
  const known = shapes.every((shape) => shape !== undefined) && !hasOption(schema, messageRulesOption)
  if (!known || schema.oneofs.length > 0) return () => undefined
  const slots = new Map<string, number>()
  for (const { field, slot } of shapes) {
    slots.set(field.name, slot)
    slots.set(field.jsonName, slot)
    for (const [name, target] of aliases) if (target === field) slots.set(name, slot)
  }
  const enums = shapes.map(
    ({ field }) => new Map(field.enum?.values.map(({ name, number }) => [name, number])),
  )
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

function shapeOf(field: DescField, slot: number): Shape | undefined {
  if (field.presence !== 2 /* implicit */ || field.number > 0xfffff) return undefined
  const rules = hasOption(field, fieldRulesOption) ? getOption(field, fieldRulesOption) : undefined
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING) {
    const accepts = stringCheck(rules)
    return accepts && { field, slot, tag: (field.number << 3) | 2, kind: 'string', accepts }
  }
  const tag = field.number << 3
  if (
    field.fieldKind === 'scalar' &&
    (field.scalar === ScalarType.INT32 || field.scalar === ScalarType.UINT32)
  ) {
    const accepts = integerCheck(rules)
    return accepts && { field, slot, tag, kind: 'integer', accepts }
  }
  if (field.fieldKind === 'enum') {
    const numbers = new Set(field.enum.values.map(({ number }) => number))
    const accepts = enumCheck(rules, numbers)
    return accepts && { field, slot, tag, kind: 'enum', accepts }
  }
  if (rules) return undefined
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.BOOL) {
    return { field, slot, tag, kind: 'bool', accepts: () => true }
  }
  return undefined
}

/** Proto JSON may have a number as a text. Other spellings of it are left to the library. */
const WHOLE_NUMBER = /^(?:0|[1-9][0-9]{0,9})$/

/**
 * Patterns that JavaScript and RE2 read alike, and that neither can take long over: plain characters, sets of them
 * and bounded repetition, from the beginning to the end of the text.
 */
const PLAIN_PATTERN = /^\^[A-Za-z0-9 _,[\]{}?-]*\$$/

/** A check for rules that are exactly `min_len`, `max_len`, `in` and a plain `pattern`, or nothing. */
function stringCheck(rules: FieldRules | undefined): ((value: string) => boolean) | undefined {
  if (!rules) return () => true
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
  if (pattern && !PLAIN_PATTERN.test(pattern)) return undefined
  const shape = pattern ? new RegExp(pattern, 'u') : undefined
  const least = Number(minLen)
  const most = maxLen === 0n ? Infinity : Number(maxLen)
  const allowed = members.length > 0 ? new Set(members) : undefined
  // Rules count code points: at least half of the UTF-16 length, at most all of it.
  return (value) =>
    value.length >= least * 2 - 1 &&
    value.length <= most &&
    (!allowed || allowed.has(value)) &&
    (!shape || shape.test(value))
}

/** A check for rules that are exactly lower and upper bounds. */
function integerCheck(rules: FieldRules | undefined): ((value: number) => boolean) | undefined {
  if (!rules) return () => true
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
  return (value) => value >= low && value <= high
}

/** A check for rules that are exactly `defined_only`, `in` and `not_in`, or nothing. */
function enumCheck(
  rules: FieldRules | undefined,
  numbers: Set<number>,
): ((value: number) => boolean) | undefined {
  // An undefined number is left to the library, whatever the rules say.
  if (!rules) return (value) => numbers.has(value)
  if (rules.type.case !== 'enum') return undefined
  const { definedOnly, in: members, notIn } = rules.type.value
  const understood = create(FieldRulesSchema, {
    type: {
      case: 'enum',
      value: create(EnumRulesSchema, { ...(definedOnly && { definedOnly }), in: members, notIn }),
    },
  })
  if (!equals(FieldRulesSchema, rules, understood)) return undefined
  const allowed = members.length > 0 ? new Set(members) : numbers
  return (value) => numbers.has(value) && allowed.has(value) && !notIn.includes(value)
}
