// The log of events, newest first, in pages.
import { getOption, ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'
import type { Filter } from 'mongodb'
import { alias } from '../../proto/gen/freshet/v1/options_pb.ts'
import type { EventDocument } from '../lib/mongo.ts'
import { json, type Reply } from './answer.ts'
import type { FindEvents } from './mongo.ts'

const DEFAULT_LIMIT = 50
/** Who reads far back asks for many, because a page costs the local stand-in the same however long it is. */
const MAX_LIMIT = 5_000
const NO_VALUE = { rule: 'cannot be searched for, because it is no single value' }

/** A place in the log: the event that the page before ended with. */
export type Cursor = { timeMs: number; id: string }

export type LogsRequest = { limit: number; after?: Cursor; filter: Record<string, string | number | boolean> }
export type Mistake = { parameter: string; message: string }

/** Returns the answer to `GET /logs`. */
export function createLogs(schema: DescMessage, find: FindEvents): (query: string) => Promise<Reply> {
  const parse = createLogsParser(schema)
  return async (query) => {
    const request = parse(query)
    if ('mistakes' in request) {
      const error = request.mistakes.map(({ parameter, message }) => `${parameter}: ${message}`).join('; ')
      return json(400, { error, mistakes: request.mistakes })
    }
    const { limit } = request
    // One more than asked says whether there is a next page.
    const found = await find(filterOf(request), limit + 1)
    const page = found.slice(0, limit)
    const last = page.at(-1)
    const next =
      found.length > limit && last ? formatCursor({ timeMs: last.time.getTime(), id: last._id }) : null
    return json(200, { events: page.map(eventOf), next })
  }
}

/** A stored event as clients see it: as in the live view `latest`, and its place in the log. */
export function eventOf({ _id, time, route, log, ...fields }: EventDocument): Record<string, unknown> {
  return { id: _id, time, route, ...fields, ...(log && { log }) }
}

function filterOf({ filter, after }: LogsRequest): Filter<EventDocument> {
  if (!after) return filter
  const time = new Date(after.timeMs)
  // The first bound alone lets the index begin at the right place.
  return { ...filter, time: { $lte: time }, $or: [{ time: { $lt: time } }, { time, _id: { $lt: after.id } }] }
}

export function formatCursor({ timeMs, id }: Cursor): string {
  return Buffer.from(`${timeMs}:${id}`).toString('base64url')
}

/** Undefined when the text is no cursor of ours. */
export function parseCursor(text: string): Cursor | undefined {
  const match = /^(\d{1,15}):([A-Za-z0-9._-]{1,300})$/.exec(Buffer.from(text, 'base64url').toString())
  return match ? { timeMs: Number(match[1]), id: match[2]! } : undefined
}

/** Returns a function that reads the parameters of `GET /logs` by the schema, with all mistakes at once. */
export function createLogsParser(
  schema: DescMessage,
): (query: string) => LogsRequest | { mistakes: Mistake[] } {
  const fields = new Map<string, DescField>()
  for (const field of schema.fields) {
    for (const name of [field.name, field.jsonName, ...getOption(field, alias)]) fields.set(name, field)
  }
  const known = ['limit', 'after', ...schema.fields.map(({ name }) => name)].join(', ')

  return (query) => {
    const mistakes: Mistake[] = []
    const request: LogsRequest = { limit: DEFAULT_LIMIT, filter: {} }
    const given = new Set<string>()
    for (const [parameter, text] of new URLSearchParams(query)) {
      const field = parameter === 'limit' || parameter === 'after' ? undefined : fields.get(parameter)
      const report = (message: string) => mistakes.push({ parameter: parameter.slice(0, 64), message })
      const name = field?.name ?? parameter
      if (given.has(name)) report('is given twice')
      given.add(name)
      if (parameter === 'limit') {
        request.limit = Number(text)
        if (!/^\d{1,4}$/.test(text) || request.limit < 1 || request.limit > MAX_LIMIT) {
          report(`must be a whole number from 1 to ${MAX_LIMIT}`)
        }
      } else if (parameter === 'after') {
        const cursor = parseCursor(text)
        if (cursor) request.after = cursor
        else report('must be the "next" of an earlier page')
      } else if (field) {
        const value = parseValue(field, text)
        if (typeof value === 'object') report(value.rule)
        else request.filter[name] = value
      } else report(`is no parameter (here: ${known})`)
    }
    return mistakes.length > 0 ? { mistakes } : request
  }
}

/** The value as the stored documents hold it (proto JSON), or the rule that the text breaks. */
export function parseValue(field: DescField, text: string): string | number | boolean | { rule: string } {
  if (field.fieldKind === 'map') return NO_VALUE
  if (field.enum) {
    const names = field.enum.values.map(({ name }) => name)
    return names.includes(text) ? text : { rule: `must be one of ${names.join(', ')}` }
  }
  switch (field.scalar) {
    case undefined:
      return NO_VALUE
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return text
    case ScalarType.BOOL:
      return text === 'true' || text === 'false' ? text === 'true' : { rule: 'must be true or false' }
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT: {
      const value = text.trim() === '' ? NaN : Number(text)
      if (!Number.isFinite(value)) return { rule: 'must be a number' }
      return field.scalar === ScalarType.FLOAT ? Math.fround(value) : value
    }
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return parseInteger(text, -(2n ** 31n), 2n ** 31n - 1n, Number)
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return parseInteger(text, 0n, 2n ** 32n - 1n, Number)
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return parseInteger(text, -(2n ** 63n), 2n ** 63n - 1n, String)
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return parseInteger(text, 0n, 2n ** 64n - 1n, String)
  }
}

/** Proto JSON has 64-bit integers as text. */
function parseInteger<T extends number | string>(
  text: string,
  least: bigint,
  most: bigint,
  as: (value: bigint) => T,
) {
  const value = /^-?\d{1,20}$/.test(text) ? BigInt(text) : undefined
  const fits = value !== undefined && value >= least && value <= most
  return fits ? as(value) : { rule: `must be a whole number from ${least} to ${most}` }
}
