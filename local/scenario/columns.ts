// What a sample's columns hold. A column is a name that its rows use.
import type { Row } from '../../loadtest/data-file.ts'

/** The intake takes no larger event (MAX_EVENT_BYTES of services/hop/sources/http.ts). */
const MAX_ROW_BYTES = 65_536

export type Column = {
  name: string
  kind: 'text' | 'number' | 'truth'
  /** Rows without it, or with null: they read as its default. */
  missing: number
  /** Different values of the other rows. */
  distinct: number
  /** Some value stands in several rows. */
  repeats: boolean
  /** Of texts the code points, of numbers the value. */
  least: number
  most: number
  /** Numbers without a fraction. */
  whole: boolean
  /** Numbers, each above the one before: a counter or a clock. */
  rising: boolean
}

/** Describes the columns in the order in which they appear. `mistakes` is empty when they can be a schema. */
export function describeColumns(rows: Row[]): { columns: Column[]; mistakes: string[] } {
  const mistakes: string[] = []
  rows.forEach((row, index) => {
    const bytes = Buffer.byteLength(JSON.stringify(row))
    if (bytes > MAX_ROW_BYTES)
      mistakes.push(`row ${index + 1} has ${bytes} bytes, and an event may have ${MAX_ROW_BYTES}`)
  })
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  if (names.length === 0) mistakes.push('the rows have no columns')
  const columns = names.flatMap((name) => {
    const values = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : null))
    const wrong = mistakesOf(name, values)
    mistakes.push(...wrong)
    return wrong.length > 0 ? [] : [describe(name, values)]
  })
  return { columns, mistakes }
}

function mistakesOf(name: string, values: unknown[]): string[] {
  const say = (text: string) => `column ${JSON.stringify(name)}: ${text}`
  const firstRows = new Map<string, number>()
  const mistakes: string[] = []
  values.forEach((value, index) => {
    if (value === null) return
    const kind = Array.isArray(value) ? 'array' : typeof value
    if (!firstRows.has(kind)) firstRows.set(kind, index + 1)
    const why = mistakes.length === 0 ? unfit(value) : undefined
    if (why) mistakes.push(say(`row ${index + 1} holds ${why}`))
  })
  if (name === '') mistakes.push(say('a field needs a name'))
  if (firstRows.size === 0) mistakes.push(say('no row has a value to tell its type'))
  const nested = ['array', 'object'].filter((kind) => firstRows.has(kind))
  for (const kind of nested)
    mistakes.push(say(`row ${firstRows.get(kind)} holds an ${kind}, and events are flat`))
  if (firstRows.size > 1 && nested.length === 0) {
    const kinds = [...firstRows].map(([kind, row]) => `${kind} (row ${row})`)
    mistakes.push(say(`mixed types: ${kinds.join(', ')}`))
  }
  return mistakes
}

/** What no field can hold exactly. */
function unfit(value: unknown): string | undefined {
  if (typeof value === 'string')
    return value.isWellFormed() ? undefined : 'half of a surrogate pair, which is no Unicode'
  if (typeof value !== 'number') return undefined
  if (!Number.isFinite(value)) return 'a number beyond what JSON readers can hold'
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return 'a whole number beyond 2^53, of which JSON readers lose digits: write it as a string'
  return undefined
}

function describe(name: string, all: unknown[]): Column {
  const values = all.filter((value) => value !== null)
  const [first] = values
  const kind = typeof first === 'string' ? 'text' : typeof first === 'number' ? 'number' : 'truth'
  const sizes = values.map((value) => (typeof value === 'string' ? Array.from(value).length : Number(value)))
  const distinct = new Set(values).size
  return {
    name,
    kind,
    missing: all.length - values.length,
    distinct,
    repeats: distinct < values.length,
    least: sizes.reduce((least, size) => Math.min(least, size)),
    most: sizes.reduce((most, size) => Math.max(most, size)),
    whole: sizes.every(Number.isInteger),
    rising: kind === 'number' && sizes.every((size, index) => index === 0 || size > sizes[index - 1]!),
  }
}
