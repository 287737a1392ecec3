// One event message at run time: how it is read from JSON, checked, encoded, and given its partition.
import {
  fromBinary,
  fromJson,
  getOption,
  hasOption,
  toBinary,
  toJson,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
} from '@bufbuild/protobuf'
import { FieldError } from '@bufbuild/protobuf/reflect'
import { createValidator } from '@bufbuild/protovalidate'
import { alias, partition_key as partitionKeyOption } from '../../proto/gen/freshet/v1/options_pb.ts'
import { scenarios } from '../../proto/gen/scenarios.ts'
import { ConfigError, InvalidEventError, type Violation } from './errors.ts'
import { compileEncoder, planFields, type FieldPlan } from './fast-encode.ts'
import { createInterner } from './intern.ts'
import { fieldText, findFields, type Span } from './wire.ts'

/** Names that documents and live views use themselves. */
const RESERVED = ['_id', 'id', 'time', 'route', 'log']

export type Encoded = {
  bytes: Uint8Array
  /** The partition key's text; undefined when events are spread. */ key: string | undefined
}

export type EventType = {
  schema: DescMessage
  /** What a fast encoder may do with the fields; undefined when it must leave them to the libraries. */
  plan: FieldPlan[] | undefined
  /** Reads one parsed JSON value. Throws InvalidEventError that names each field and rule. */
  encode(json: unknown): Encoded
  /** Checks an encoded event of a foreign producer. Throws InvalidEventError. */
  check(bytes: Uint8Array): void
  /** The partition key of the encoded event in `bytes`, from `start` to before `end`. */
  keyOf(bytes: Uint8Array, start?: number, end?: number): string | undefined
  /** The event under the schema's field names, every field present. Throws when the bytes are malformed. */
  toDocument(bytes: Uint8Array): JsonObject
  /** The encoded event of what `toDocument` made. Other fields are left out. Throws when a value is of the wrong type. */
  fromDocument(document: Record<string, unknown>): Uint8Array
}

/** Finds the event message `name` (`scenarios.WeatherTweet`). Throws ConfigError with all that is wrong. */
export function loadEventType(name: string): EventType {
  const schema = scenarios.getMessage(name)
  if (!schema) {
    const known = [...scenarios].flatMap((type) => (type.kind === 'message' ? [type.typeName] : []))
    throw new ConfigError([`--event ${name}: no such event message (known: ${known.join(', ')})`])
  }
  return createEventType(schema)
}

/** The event type of any message descriptor. */
export function createEventType(schema: DescMessage): EventType {
  const mistakes = schema.fields
    .filter((field) => RESERVED.includes(field.name))
    .map((field) => `${schema.typeName}.${field.name}: the name is taken (${RESERVED.join(', ')})`)
  const keyName = hasOption(schema, partitionKeyOption) ? getOption(schema, partitionKeyOption) : undefined
  const keyField = schema.fields.find((field) => field.name === keyName)
  if (keyName && !keyField) mistakes.push(`${schema.typeName}: partition_key "${keyName}" is no field`)
  const aliases = aliasesOf(schema, mistakes)
  if (mistakes.length) throw new ConfigError(mistakes)

  const validator = createValidator()
  const keyOf = keyReader(keyField)
  const validate = (message: Parameters<typeof validator.validate>[1]) => {
    const result = validator.validate(schema, message)
    if (result.kind === 'valid') return
    if (result.kind === 'error') throw result.error
    throw new InvalidEventError(
      result.violations.map((violation) => ({
        field: violation.field.map((part) => ('name' in part ? part.name : '')).join('.'),
        rule: violation.ruleId,
        message: violation.message,
      })),
    )
  }
  const encodeWithLibrary = (json: unknown): Uint8Array => {
    const object = renameAliases(json, aliases)
    checkNames(object, schema)
    const message = readJson(schema, object)
    validate(message)
    return toBinary(schema, message)
  }
  const encodeFast = compileEncoder(schema, aliases)
  return {
    schema,
    plan: planFields(schema, aliases),
    encode(json) {
      const bytes = encodeFast(json) ?? encodeWithLibrary(json)
      return { bytes, key: keyOf(bytes) }
    },
    check(bytes) {
      let message
      try {
        message = fromBinary(schema, bytes)
      } catch {
        throw new InvalidEventError([{ field: '', rule: 'encoding', message: `is no ${schema.typeName}` }])
      }
      validate(message)
    },
    keyOf,
    toDocument: (bytes) =>
      toJson(schema, fromBinary(schema, bytes), {
        useProtoFieldName: true,
        alwaysEmitImplicit: true,
      }) as JsonObject,
    fromDocument(document) {
      const own = schema.fields.flatMap(({ name }) =>
        document[name] === undefined ? [] : [[name, document[name] as JsonValue] as const],
      )
      return toBinary(schema, fromJson(schema, Object.fromEntries(own)))
    },
  }
}

/** Other JSON name → field. */
function aliasesOf(schema: DescMessage, mistakes: string[]): Map<string, DescField> {
  const aliases = new Map<string, DescField>()
  const own = new Set(schema.fields.flatMap((field) => [field.name, field.jsonName]))
  for (const field of schema.fields) {
    for (const name of getOption(field, alias)) {
      if (own.has(name) || aliases.has(name)) mistakes.push(`${schema.typeName}: alias "${name}" is taken`)
      aliases.set(name, field)
    }
  }
  return aliases
}

function renameAliases(json: unknown, aliases: Map<string, DescField>): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new InvalidEventError([{ field: '', rule: 'json', message: 'an event is a JSON object' }])
  }
  const renamed: JsonObject = Object.create(null)
  for (const [name, value] of Object.entries(json)) {
    const field = aliases.get(name)
    renamed[field ? field.jsonName : name] = value as JsonValue
    if (field && (field.jsonName in json || field.name in json)) {
      const message = `is given twice, as "${field.name}" and as "${name}"`
      throw new InvalidEventError([{ field: field.name, rule: 'json.twice', message }])
    }
  }
  return renamed
}

function checkNames(object: JsonObject, schema: DescMessage): void {
  const known = new Set(schema.fields.flatMap((field) => [field.name, field.jsonName]))
  const unknown = Object.keys(object).filter((name) => !known.has(name))
  if (unknown.length === 0) return
  const fields = schema.fields.map((field) => field.jsonName).join(', ')
  const violations: Violation[] = unknown.slice(0, 10).map((name) => ({
    field: name.slice(0, 64),
    rule: 'json.unknown',
    message: `is no field (fields: ${fields})`,
  }))
  throw new InvalidEventError(violations)
}

/** Reads each field on its own, so that every wrong type is reported at once. */
function readJson(schema: DescMessage, object: JsonObject) {
  try {
    return fromJson(schema, object)
  } catch {
    const violations = schema.fields.flatMap((field) => {
      const name = [field.jsonName, field.name].find((candidate) => candidate in object)
      if (name === undefined) return []
      try {
        fromJson(schema, { [name]: object[name]! })
        return []
      } catch (cause) {
        return [{ field: field.name, rule: 'json.type', message: typeMessage(field, cause) }]
      }
    })
    if (violations.length) throw new InvalidEventError(violations)
    throw new InvalidEventError([{ field: '', rule: 'json.type', message: `is no ${schema.typeName}` }])
  }
}

function typeMessage(field: DescField, cause: unknown): string {
  // The library's text may hold the value, so only what it expected is passed on.
  const expected =
    field.fieldKind === 'scalar'
      ? scalarNames[field.scalar]
      : (field.enum?.values.map(({ name }) => name).join(', ') ?? field.fieldKind)
  const range = cause instanceof FieldError && cause.name === 'FieldValueInvalidError' ? ' in range' : ''
  return `must be ${expected ?? 'of its type'}${range}`
}

const scalarNames: Partial<Record<number, string>> = {
  1: 'a number',
  2: 'a number',
  3: 'a 64-bit integer',
  4: 'an unsigned 64-bit integer',
  5: 'a 32-bit integer',
  8: 'true or false',
  9: 'a string of valid Unicode',
  12: 'a base64 string',
  13: 'an unsigned 32-bit integer',
}

function keyReader(field: DescField | undefined): EventType['keyOf'] {
  if (!field) return () => undefined
  const text = fieldText(field)
  const numbers = [field.number]
  const span: Span = { start: 0, end: -1, varint: 0 }
  const intern = createInterner((bytes, start, end) => text(bytes, { start, end, varint: span.varint }))
  return (bytes, start = 0, end = bytes.length) => {
    if (!findFields(bytes, start, end, numbers, [span])) return undefined
    return span.end < 0 ? text(bytes, span) : intern(bytes, span.start, span.end)
  }
}
