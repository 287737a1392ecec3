// Column names to names that a proto file may use.

/** Documents and live views use these themselves (services/lib/event-type.ts). */
const TAKEN = ['id', 'time', 'route', 'log']
const FITTING = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/

/** One field name for each column, in their order, each different from every other column and field. */
export function fieldNamesOf(columns: string[]): string[] {
  const fits = (name: string) => FITTING.test(name) && !TAKEN.includes(name)
  // A field's name is read from JSON too, so none may be the name of another column.
  const used = new Set(columns)
  return columns.map((column, index) => {
    if (fits(column)) return column
    const plain = simplify(column)
    const base = fits(plain) ? plain : plain === '' ? `field_${index + 1}` : `field_${plain}`
    let name = base
    for (let n = 2; used.has(name); n++) name = `${base}_${n}`
    used.add(name)
    return name
  })
}

/** `Precio (Q)` → `precio_q`, `firstName` → `first_name`. Empty when no Latin letter or digit is in it. */
function simplify(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
}

/** The JSON name that protobuf gives a field unless it is told one. */
export function defaultJsonName(field: string): string {
  return field.replaceAll(/_+(.)?/g, (_match, next: string | undefined) => next?.toUpperCase() ?? '')
}
