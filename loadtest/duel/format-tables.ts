// Tables of the duel for a terminal.
import { colours } from '../../local/colours.ts'
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
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((cells) => cells[column]!.text.length)),
  )
  const table = [head, ...lines].map((cells) =>
    cells
      .map(({ text, shown }, column) => {
        const blank = ' '.repeat(widths[column]! - text.length)
        return column === 0 ? shown + blank : blank + shown
      })
      .join('  '),
  )
  const indented = table.map((line) => `  ${line.trimEnd()}`)
  return [colours.bold(title), ...indented, ...remarks.map((text) => colours.dim(`  ${text}`))].join('\n')
}

function formatCell(cell: Cell | undefined): { text: string; shown: string } {
  if (!cell) return { text: '–', shown: colours.dim('–') }
  const median = formatNumber(cell.median)
  const spread = cell.rounds.length > 1 ? ` (${formatNumber(cell.least)}–${formatNumber(cell.most)})` : ''
  return { text: median + spread, shown: median + (spread ? colours.dim(spread) : '') }
}
