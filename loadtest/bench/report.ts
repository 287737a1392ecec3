// What was measured: figures with their rounds, judged against targets; as a table and as JSON.
import { colours } from '../../local/colours.ts'
import { medianOf, spreadOf } from './statistics.ts'

export type Target = { rule: 'at least' | 'at most' | 'below'; value: number }

export type Figure = {
  /** Short, and unique in the report: b512. */
  name: string
  what: string
  unit: string
  /** One value a round, in order. */
  rounds: number[]
  /** The same rounds divided by those of another figure. */
  ratio?: { to: string; rounds: number[] }
  /** For the ratio where there is one, else for the value itself; the median counts. */
  target?: Target
  /** Cores that the load generator used, one value a round. */
  generatorCpu?: number[]
}

export type Section = {
  title: string
  figures: Figure[]
  /** How it was measured, as far as the title does not say it. */
  remarks: string[]
}

export type Failure = { title: string; error: string }

/** Undefined when there is no target. */
export function isMet({ rounds, ratio, target }: Figure): boolean | undefined {
  if (!target) return undefined
  const judged = medianOf(ratio?.rounds ?? rounds)
  switch (target.rule) {
    case 'at least':
      return judged >= target.value
    case 'at most':
      return judged <= target.value
    case 'below':
      return judged < target.value
  }
}

/** For the JSON report: every round, and what the table shows of them. */
export function figureAsJson(figure: Figure) {
  const { ratio, generatorCpu, target, ...rest } = figure
  return {
    ...rest,
    ...spreadOf(figure.rounds),
    ...(ratio && { ratio: { ...ratio, ...spreadOf(ratio.rounds) } }),
    ...(target && { target, met: isMet(figure) }),
    ...(generatorCpu && { generatorCpu }),
  }
}

type Cell = { text: string; paint?: (text: string) => string; right?: boolean }

const HEAD = ['', '', 'median', 'spread', 'ratio', 'target', '', 'sender']

/** One table a section; columns without anything in them are left out. */
export function formatSections(sections: readonly Section[]): string {
  return sections
    .map(({ title, figures, remarks }) =>
      [
        colours.bold(title),
        ...formatTable(figures.map(cellsOf)),
        ...remarks.map((text) => colours.dim(`  ${text}`)),
      ].join('\n'),
    )
    .join('\n\n')
}

function formatTable(rows: Cell[][]): string[] {
  const head = HEAD.map((text, column) => ({
    text,
    paint: colours.dim,
    right: rows[0]?.[column]?.right ?? false,
  }))
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.text.length)))
  return [head, ...rows].map((cells) =>
    cells
      .flatMap(({ text, paint = (plain: string) => plain, right }, column) => {
        if (widths[column] === 0) return []
        const blank = ' '.repeat(Math.max(0, Math.max(widths[column]!, HEAD[column]!.length) - text.length))
        // An empty text painted would be codes without a sign, and keep the line from being trimmed.
        const shown = text === '' ? '' : paint(text)
        return [right ? blank + shown : shown + blank]
      })
      .join('  ')
      .trimEnd(),
  )
}

function cellsOf(figure: Figure): Cell[] {
  const { name, what, unit, rounds, ratio, target, generatorCpu } = figure
  const { median, least, most } = spreadOf(rounds)
  const met = isMet(figure)
  const paint = met === undefined ? undefined : met ? colours.green : colours.red
  return [
    { text: `  ${name}`, paint: colours.cyan },
    { text: what },
    { text: `${formatNumber(median)} ${unit}`, right: true },
    { text: rounds.length > 1 ? `${formatNumber(least)}–${formatNumber(most)}` : '', paint: colours.dim },
    { text: ratio ? `${ratioText(medianOf(ratio.rounds))} of ${ratio.to}` : '' },
    { text: target ? `${signs[target.rule]} ${formatNumber(target.value)}` : '' },
    { text: met === undefined ? '' : met ? 'met' : 'MISSED', ...(paint && { paint }) },
    { text: generatorCpu ? `${Math.round(medianOf(generatorCpu) * 100)} %` : '', paint: colours.dim },
  ]
}

const signs = { 'at least': '≥', 'at most': '≤', below: '<' } as const

/** Three digits that mean something, or the whole number. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en-US')
  if (size >= 10) return trim(value.toFixed(1))
  return size >= 0.1 || size === 0 ? trim(value.toFixed(2)) : trim(value.toPrecision(2))
}

function trim(text: string): string {
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text
}

function ratioText(ratio: number): string {
  return ratio >= 0.1 ? ratio.toFixed(2) : ratio.toPrecision(2)
}
