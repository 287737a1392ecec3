// Draws plots of tables as SVG: a line a figure, a mark at its median, a whisker from its least to its most round.
// Made for the width of a phone; wider screens get several beside each other.
import { formatNumber } from '../bench/report.ts'
import { linearAxis, logAxis } from '../page/axes.ts'
import { escapeText } from '../page/escape-text.ts'
import type { Plot, Table } from './tables.ts'

const WIDTH = 360
/** Where the axis begins and ends; numbers stand on the right of it. */
const [LEFT, RIGHT] = [10, 284]
const LINE = 15
const LABEL = 14
const GAP = 5
const TOP = 4
const BOTTOM = 32
const CAP = 3.5
const RADIUS = 4
/** As many colours as style.ts has. */
const COLOURS = 4

/** Undefined when the table has nothing to draw. */
export function drawPlot(table: Table, { title, columns, scale }: Plot): string | undefined {
  const rows = Object.entries(table.rows).filter(([, { cells }]) => columns.some((column) => cells[column]))
  const shown = rows.flatMap(([, { cells }]) => columns.flatMap((column) => cells[column] ?? []))
  // A zero has no place on a logarithmic axis.
  if (shown.length === 0 || (scale === 'log' && shown.some(({ least }) => least <= 0))) return undefined
  const ends = shown.flatMap(({ least, most }) => [least, most])
  const axis = scale === 'log' ? logAxis(ends) : linearAxis(ends)
  const x = (value: number) => Number((LEFT + axis.at(value) * (RIGHT - LEFT)).toFixed(2))
  const unit = table.columns[columns[0]!]!.unit
  const legend = columns.length > 1
  let y = TOP + (legend ? LABEL + GAP : 0)
  const parts: string[] = []
  for (const [row, { title: label, cells }] of rows) {
    y += LABEL
    parts.push(`<text class="label" x="${LEFT}" y="${y - 3}">${escapeText(label)}</text>`)
    columns.forEach((column, index) => {
      const cell = cells[column]
      if (!cell) return
      const middle = y + LINE / 2
      const [least, median, most] = [x(cell.least), x(cell.median), x(cell.most)]
      const cap = (end: string, at: number) =>
        `<path class="whisker ${end}" d="M${at} ${middle - CAP}v${2 * CAP}"/>`
      const name = escapeText(`${label}, ${table.columns[column]!.title}`)
      const said = `${name}: ${formatNumber(cell.median)} ${unit} (${formatNumber(cell.least)} to ${formatNumber(cell.most)})`
      parts.push(
        `<g class="s${index % COLOURS}" data-row="${row}" data-column="${column}"><title>${said}</title>`,
        `<path class="whisker" d="M${least} ${middle}H${most}"/>${cap('least', least)}${cap('most', most)}`,
        `<circle class="mark" cx="${median}" cy="${middle}" r="${RADIUS}"/>`,
        `<text class="number" x="${WIDTH - 4}" y="${middle + 4}">${formatNumber(cell.median)}</text></g>`,
      )
      y += LINE
    })
    y += GAP
  }
  const height = y + BOTTOM
  const grid = axis.ticks.map((tick) => {
    const anchor = tick === axis.ticks[0] ? 'start' : tick === axis.ticks.at(-1) ? 'end' : 'middle'
    return `<path class="grid" d="M${x(tick)} ${TOP + (legend ? LABEL : 0)}V${y}"/><text class="tick" data-tick="${tick}" data-x="${x(tick)}" text-anchor="${anchor}" x="${x(tick)}" y="${y + 13}">${formatNumber(tick)}</text>`
  })
  const axisTitle = `<text class="unit" x="${(LEFT + RIGHT) / 2}" y="${y + 27}">${escapeText(unit)}${scale === 'log' ? ', logarithmic' : ''}</text>`
  const names = columns.map(
    (column, index) =>
      `<g class="s${index % COLOURS}"><circle class="mark" cx="${legendX(index, columns.length) + RADIUS}" cy="${TOP + 7}" r="${RADIUS}"/><text class="label" x="${legendX(index, columns.length) + 12}" y="${TOP + 11}">${escapeText(table.columns[column]!.title)}</text></g>`,
  )
  return [
    `<svg class="plot" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(title)}" data-scale="${scale}">`,
    ...grid,
    ...(legend ? names : []),
    ...parts,
    axisTitle,
    '</svg>',
  ].join('\n')
}

const legendX = (index: number, count: number) => LEFT + (index * (WIDTH - 2 * LEFT)) / count
