// A sample's columns to a schema: types, rules with room to spare, a partition key, live views.
import type { Column } from './columns.ts'
import { defaultJsonName, fieldNamesOf } from './field-names.ts'

/**
 * With fewer rows it is a guess which texts have few values: the short ones that repeat, or, when none does, all
 * short ones.
 */
export const RELIABLE_ROWS = 20
const SHORT_TEXT = 24
/** Longer texts are no names of groups. */
const LONGEST_KEY = 64
const MOST_FEW = 1_000
/** Of more values people read a ranking, not a table. */
const MOST_IN_TABLE = 20
const MOST_COUNTS = 5
const FEWEST_MAX_KEYS = 100
const BUCKETS = 8
const INT32 = { least: -2_147_483_648, most: 2_147_483_647 }

export type Field = {
  name: string
  /** Where the column's name is not what protobuf makes of the field's. */
  jsonName?: string
  type: 'string' | 'int32' | 'int64' | 'double' | 'bool'
  /** Rules of its type, `max_len` → 280. */
  rules: Record<string, number>
  column: Column
}

export type Count = { view: 'count_by' | 'top'; field: Field; maxKeys: number }

export type Schema = {
  fields: Field[]
  /** Undefined: events are spread. */
  key: Field | undefined
  counts: Count[]
  histogram: { field: Field; bounds: number[] } | undefined
}

export function decideSchema(columns: Column[], rows: number): Schema {
  const names = fieldNamesOf(columns.map(({ name }) => name))
  const fields = columns.map((column, index) => fieldOf(column, names[index]!))
  const few = fewValued(fields, rows).toSorted((a, b) => b.column.distinct - a.column.distinct)
  const counts = few.slice(0, MOST_COUNTS).map((field): Count => {
    const { distinct } = field.column
    const maxKeys = Math.max(FEWEST_MAX_KEYS, niceAbove(distinct * 4))
    return { view: distinct > MOST_IN_TABLE ? 'top' : 'count_by', field, maxKeys }
  })
  const truths = fields.filter(({ type }) => type === 'bool')
  counts.push(...truths.map((field): Count => ({ view: 'count_by', field, maxKeys: 2 })))
  const [measured] = fields
    .filter(({ column }) => column.kind === 'number' && !(column.rising && rows > 1))
    .toSorted((a, b) => b.column.distinct - a.column.distinct)
  const histogram = measured && { field: measured, bounds: boundsOf(measured.column) }
  return { fields, key: few[0], counts, histogram }
}

function fewValued(fields: Field[], rows: number): Field[] {
  const texts = fields.filter(({ column }) => column.kind === 'text' && column.most <= LONGEST_KEY)
  if (rows >= RELIABLE_ROWS)
    return texts.filter(({ column }) => column.distinct <= Math.min(rows / 2, MOST_FEW))
  const short = texts.filter(({ column }) => column.most <= SHORT_TEXT)
  const repeating = short.filter(({ column }) => column.repeats)
  return repeating.length > 0 ? repeating : short
}

function fieldOf(column: Column, name: string): Field {
  const type = typeOf(column)
  const jsonName = defaultJsonName(name) === column.name ? {} : { jsonName: column.name }
  return { name, ...jsonName, type, rules: rulesOf(column, type), column }
}

function typeOf({ kind, whole, least, most }: Column): Field['type'] {
  if (kind === 'text') return 'string'
  if (kind === 'truth') return 'bool'
  if (!whole) return 'double'
  return least >= INT32.least && most <= INT32.most ? 'int32' : 'int64'
}

/** A field that some rows leave out must allow its default: an empty text, 0. */
function rulesOf({ missing, least, most }: Column, type: Field['type']): Record<string, number> {
  if (type === 'bool') return {}
  if (type === 'string') {
    const min = least > 0 && missing === 0 ? { min_len: 1 } : {}
    return { ...min, max_len: niceAbove(Math.max(most, 1) * 2) }
  }
  const low = missing > 0 ? Math.min(least, 0) : least
  const high = missing > 0 ? Math.max(most, 0) : most
  const room = high - low || Math.abs(high) || 1
  const gte = low >= 0 ? 0 : -niceAbove(room - low)
  const lte = high < 0 ? 0 : niceAbove(high + room)
  if (type !== 'int32') return { gte, lte }
  return { gte: Math.max(gte, INT32.least), lte: Math.min(lte, INT32.most) }
}

/** About eight buckets of a round width over what the sample has; over 0 to twice the value when it has one. */
export function boundsOf({ least, most, whole }: Pick<Column, 'least' | 'most' | 'whole'>): number[] {
  const low = least < most ? least : Math.min(0, 2 * least)
  const high = least < most ? most : Math.max(0, 2 * most, low + 1)
  const width = Math.max(niceAbove((high - low) / BUCKETS), whole ? 1 : 0)
  const bounds: number[] = []
  // Products of a decimal number with a fraction carry noise in their last digits.
  const at = (n: number) => Number((n * width).toPrecision(12))
  for (let n = Math.floor(low / width) + 1; at(n) <= high; n++) bounds.push(at(n))
  return bounds
}

/** The first of 1, 2, 5, 10, 20, 50 … and 0.5, 0.2 … that is not below `value` (above 0). */
export function niceAbove(value: number): number {
  for (let exponent = Math.floor(Math.log10(value)); ; exponent++) {
    for (const digit of [1, 2, 5]) {
      const nice = Number(`${digit}e${exponent}`)
      if (nice >= value) return nice
    }
  }
}
