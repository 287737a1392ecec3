// What the duel measured: tables of figures with their rounds. The JSON report, the terminal and the page are made of
// the same ones.
import { spreadOf, type Spread } from '../bench/statistics.ts'

export type Cell = Spread & {
  /** One value a round, in order. */
  rounds: number[]
}

export type Column = {
  title: string
  unit: string
}

export type Table = {
  title: string
  columns: Record<string, Column>
  rows: Record<string, { title: string; cells: Record<string, Cell> }>
  /** How it was measured, as far as the title does not say it. */
  remarks: string[]
  /** How the page shows it; a table without plots is shown as a table only. */
  plots: Plot[]
}

/** Columns of a table on one axis: each row has a mark with its spread for each. */
export type Plot = {
  title: string
  columns: string[]
  scale: 'linear' | 'log'
}

/** Undefined when nothing of it was measured: a round without a value makes no figure. */
export function cellOf(rounds: readonly (number | undefined)[]): Cell | undefined {
  const measured = rounds.filter((value) => value !== undefined && Number.isFinite(value)) as number[]
  return measured.length === 0 ? undefined : { rounds: measured, ...spreadOf(measured) }
}

/** Builds a table; `cells` returns the rounds of a row's column. */
export function tableOf(
  options: Pick<Table, 'title' | 'columns' | 'plots' | 'remarks'> & {
    rows: Record<string, string>
    cells: (row: string, column: string) => readonly (number | undefined)[]
  },
): Table {
  const { rows, cells, ...table } = options
  return {
    ...table,
    rows: Object.fromEntries(
      Object.entries(rows).map(([row, title]) => {
        const measured = Object.keys(table.columns).flatMap((column) => {
          const cell = cellOf(cells(row, column))
          return cell ? [[column, cell] as const] : []
        })
        return [row, { title, cells: Object.fromEntries(measured) }]
      }),
    ),
  }
}
