// More rows from few: each value of a new row is one that its column has in some row of the sample.
import type { Row } from '../../loadtest/data-file.ts'
import { seededRandom } from '../../loadtest/data/random.ts'

const SEED = 20_261_121
/** A sample of few combinations runs dry. */
const TRIES_PER_ROW = 20

/** The sample's rows, and different recombinations of them up to `wanted` in all, if so many are found. */
export function varyRows(sample: Row[], wanted: number): Row[] {
  const random = seededRandom(SEED)
  const names = [...new Set(sample.flatMap((row) => Object.keys(row)))]
  const rows = [...sample]
  const known = new Set(sample.map((row) => JSON.stringify(row)))
  for (let tries = (wanted - sample.length) * TRIES_PER_ROW; rows.length < wanted && tries > 0; tries--) {
    const entries = names.flatMap((name) => {
      const from = random.pick(sample)
      return Object.hasOwn(from, name) ? [[name, from[name]] as const] : []
    })
    const row: Row = Object.fromEntries(entries)
    const text = JSON.stringify(row)
    if (known.has(text)) continue
    known.add(text)
    rows.push(row)
  }
  return rows
}
