// Tables of the duel for a terminal.
import { colours } from '../../local/colours.ts'
import { alignColumns, type TextCell } from '../align-columns.ts'
import { formatNumber } from '../bench/report.ts'
import type { Cell, Table } from './tables.ts'

/** Each figure as its median and, fainter, its least and most. */
export function formatTable({ title, columns, rows, remarks }: Table): string {
  const names = Object.keys(columns)
  const lines = Object.values(rows).map((row) => [
    { text: row.title, shown: colours.cyan(row.title) },
    ...names.map((name) => formatCell(row.cells[name])),
  ])
  const head = ['', ...Object.values(columns).map(({ title: text, unit }) => `${text}, ${unit}`)].map(
    (text) => ({ text, shown: text === '' ? '' : colours.dim(text) }),
  )
  const indented = alignColumns([head, ...lines]).map((line) => `  ${line}`)
  return [colours.bold(title), ...indented, ...remarks.map((text) => colours.dim(`  ${text}`))].join('\n')
}

function formatCell(cell: Cell | undefined): TextCell {
  if (!cell) return { text: '–', shown: colours.dim('–') }
  const median = formatNumber(cell.median)
  const spread = cell.rounds.length > 1 ? ` (${formatNumber(cell.least)}–${formatNumber(cell.most)})` : ''
  return { text: median + spread, shown: median + (spread ? colours.dim(spread) : '') }
}
