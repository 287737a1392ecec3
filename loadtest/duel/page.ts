// The report as one page without any other file: plots, tables, and the JSON that both are made from.
import { formatNumber } from '../bench/report.ts'
import { escapeText } from '../page/escape-text.ts'
import { embedJson } from '../page/embed-json.ts'
import { style } from '../page/style.ts'
import { drawPlot } from './plots.ts'
import type { Cell, Table } from './tables.ts'

/** What the page shows of a report; the whole of it is embedded. */
export type Report = {
  title: string
  startedAt: string
  seconds: number
  commit?: string
  quick: boolean
  machine: { cpu: string; cores: number; node: string; system: string }
  engines: Record<string, string>
  tables: Record<string, Table>
  failures: { title: string; error: string }[]
}

/** `json` is the report as it was written to its file; nothing else is drawn. */
export function renderPage(json: string): string {
  const report = JSON.parse(json) as Report
  const { machine, engines } = report
  const about = [
    `${report.startedAt.slice(0, 16).replace('T', ' ')} UTC, ${report.seconds} s, commit ${report.commit?.slice(0, 12) ?? 'unknown'}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.system}; Node ${machine.node}; ${Object.values(engines).join(', ')}`,
    'A mark is the median of the rounds, its whisker goes from the least to the most.',
    ...(report.quick ? ['A quick run: one short round, good for nothing but to see that it works.'] : []),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeText(report.title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeText(report.title)}</h1>
${about.map((line) => `<p>${escapeText(line)}</p>`).join('\n')}
${report.failures.map(({ title, error }) => `<p class="failed">${escapeText(`${title} failed: ${error}`)}</p>`).join('\n')}
${Object.entries(report.tables)
  .map(([name, table]) => renderTable(name, table))
  .join('\n')}
</main>
<script type="application/json" id="report">${embedJson(json)}</script>
</body>
</html>
`
}

function renderTable(name: string, table: Table): string {
  const plots = table.plots.flatMap((plot, index) => {
    const svg = drawPlot(table, plot)
    return svg
      ? [
          `<figure data-table="${name}" data-plot="${index}"><h3>${escapeText(plot.title)}</h3>${svg}</figure>`,
        ]
      : []
  })
  const columns = Object.entries(table.columns)
  const head = columns.map(([, { title, unit }]) => `<th scope="col">${escapeText(`${title}, ${unit}`)}</th>`)
  const rows = Object.values(table.rows).map(
    ({ title, cells }) =>
      `<tr><th scope="row">${escapeText(title)}</th>${columns.map(([column]) => `<td>${renderCell(cells[column])}</td>`).join('')}</tr>`,
  )
  return `<section>
<h2>${escapeText(table.title)}</h2>
${table.remarks.map((line) => `<p>${escapeText(line)}</p>`).join('\n')}
<div class="plots">${plots.join('\n')}</div>
<details${plots.length === 0 ? ' open' : ''}><summary>Table</summary><div class="scroll"><table>
<thead><tr><th></th>${head.join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div></details>
</section>`
}

function renderCell(cell: Cell | undefined): string {
  if (!cell) return '–'
  const { median, least, most, rounds } = cell
  const spread = rounds.length > 1 ? ` <small>${formatNumber(least)}–${formatNumber(most)}</small>` : ''
  return formatNumber(median) + spread
}
