// The report of `run` as one page without any other file: lines over time, tables, and the JSON they are made from.
import { formatNumber } from './bench/report.ts'
import type { Change } from './compare.ts'
import type { Verdict } from './expectation.ts'
import { embedJson } from './page/embed-json.ts'
import { escapeText } from './page/escape-text.ts'
import { drawLines } from './page/lines.ts'
import { style } from './page/style.ts'
import type { RunReport } from './run-report.ts'

export type RunPage = {
  startedAt: string
  file: string
  requests: number
  concurrence: number
  /** In the order in which they ran. */
  runs: (RunReport & { host: string })[]
  verdicts: (Verdict & { host: string })[]
  warnings: string[]
  changes?: Change[]
}

export function renderRunPage(page: RunPage): string {
  const { runs, verdicts, warnings, changes } = page
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Load test</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Load test</h1>
<p>${escapeText(`${page.startedAt.slice(0, 16).replace('T', ' ')} UTC, ${formatNumber(page.requests)} requests of ${page.file} over ${page.concurrence} connections`)}</p>
${warnings.map((text) => `<p class="failed">${escapeText(text)}</p>`).join('\n')}
${section(
  'Result',
  tableOf(
    ['', ...figures.map(([title]) => title)],
    runs.map((run, n) => [nameOf(page, n), ...figures.map(([, read]) => read(run))]),
  ),
)}
${section('Over time', `<div class="plots">${plots(page)}</div>`)}
${section(
  'Answers',
  tableOf(
    ['', 'answer', 'requests'],
    runs.flatMap((run, n) => answersOf(run).map(([kind, count]) => [nameOf(page, n), kind, count])),
  ),
)}
${
  verdicts.length > 0
    ? section(
        'Expected',
        tableOf(
          ['', 'expected', 'measured', ''],
          verdicts.map(({ host, text, value, met }) => [
            host,
            text,
            value === undefined ? '–' : formatNumber(value),
            met ? 'met' : 'missed',
          ]),
        ),
      )
    : ''
}
${
  changes
    ? section(
        'Against the baseline',
        tableOf(
          ['median of seconds', 'before', 'now', 'noise', ''],
          changes.map(({ name, unit, before, now, noise, verdict }) => [
            `${name}, ${unit}`,
            formatNumber(before),
            formatNumber(now),
            Number.isNaN(noise) ? '–' : `± ${formatNumber(noise)}`,
            verdict,
          ]),
        ),
      )
    : ''
}
</main>
<script type="application/json" id="report">${embedJson(JSON.stringify(page))}</script>
</body>
</html>
`
}

const ms = (read: (report: RunReport) => number | undefined) => (report: RunReport) => {
  const value = read(report)
  return value === undefined ? '–' : formatNumber(value)
}
const figures: [string, (report: RunReport) => string][] = [
  ['accepted', ({ accepted, sent }) => `${formatNumber(accepted)} of ${formatNumber(sent)}`],
  ['requests/s', ({ requestsPerSecond }) => formatNumber(requestsPerSecond)],
  ['p50, ms', ms(({ latencyMs }) => latencyMs.p50)],
  ['p90, ms', ms(({ latencyMs }) => latencyMs.p90)],
  ['p99, ms', ms(({ latencyMs }) => latencyMs.p99)],
  ['p99.9, ms', ms(({ latencyMs }) => latencyMs.p999)],
  ['max, ms', ms(({ latencyMs }) => latencyMs.max)],
  ['in Redis, p99, ms', ms(({ target }) => target?.visibleMs.redis?.p99)],
  ['in MongoDB, p99, ms', ms(({ target }) => target?.visibleMs.mongodb?.p99)],
  ['missing', ({ target }) => (target ? formatNumber(Math.max(...Object.values(target.missing))) : '–')],
  ['sender CPU', ({ senderBusy }) => `${Math.round(senderBusy * 100)} %`],
]

function nameOf({ runs }: RunPage, n: number): string {
  const { host } = runs[n]!
  const round = runs.slice(0, n + 1).filter((run) => run.host === host).length
  return runs.some((run, other) => other !== n && run.host === host) ? `${host}, round ${round}` : host
}

const answersOf = ({ byStatus, errors }: RunReport): [string, string][] =>
  [...Object.entries(byStatus), ...Object.entries(errors)].map(([kind, count]) => [kind, formatNumber(count)])

function plots(page: RunPage): string {
  const { runs } = page
  const lines = (read: (second: RunReport['eachSecond'][number]) => number) =>
    runs.map(({ eachSecond }, n) => ({ name: nameOf(page, n), values: eachSecond.map(read) }))
  return [
    drawLines({ title: 'Accepted a second', unit: 'requests/s', lines: lines(({ accepted }) => accepted) }),
    drawLines({ title: 'Answered, median', unit: 'ms', lines: lines(({ p50Ms }) => p50Ms) }),
    drawLines({ title: 'Answered, 99th percentile', unit: 'ms', lines: lines(({ p99Ms }) => p99Ms) }),
  ]
    .filter((plot) => plot !== undefined)
    .join('\n')
}

function section(title: string, content: string): string {
  return `<section>\n<h2>${escapeText(title)}</h2>\n${content}\n</section>`
}

function tableOf(head: string[], rows: string[][]): string {
  const cells = (of: string[]) => of.map((text) => `<td>${escapeText(text)}</td>`).join('')
  return `<div class="scroll"><table>
<thead><tr>${head.map((text) => `<th scope="col">${escapeText(text)}</th>`).join('')}</tr></thead>
<tbody>${rows.map(([name = '', ...rest]) => `<tr><th scope="row">${escapeText(name)}</th>${cells(rest)}</tr>`).join('\n')}</tbody>
</table></div>`
}
