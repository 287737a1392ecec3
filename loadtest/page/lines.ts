// Lines over the seconds of a run, as SVG.
import { formatNumber } from '../bench/report.ts'
import { linearAxis } from './axes.ts'
import { escapeText } from './escape-text.ts'

export type Line = {
  name: string
  /** One a second, from the first. */
  values: number[]
}

const WIDTH = 492
const HEIGHT = 200
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 470, 8, 164]
/** As many colours as style.ts has. */
const COLOURS = 4

/** Undefined when there are no two seconds to join. */
export function drawLines({
  title,
  unit,
  lines,
}: {
  title: string
  unit: string
  lines: Line[]
}): string | undefined {
  const most = Math.max(...lines.map(({ values }) => values.length))
  if (most < 2) return undefined
  const up = linearAxis(lines.flatMap(({ values }) => values))
  const along = linearAxis([most])
  const x = (second: number) => Number((LEFT + along.at(second) * (RIGHT - LEFT)).toFixed(1))
  const y = (value: number) => Number((BOTTOM - up.at(value) * (BOTTOM - TOP)).toFixed(1))
  const grid = up.ticks.map(
    (tick) =>
      `<path class="grid" d="M${LEFT} ${y(tick)}H${RIGHT}"/><text class="tick" text-anchor="end" x="${LEFT - 6}" y="${y(tick) + 4}">${formatNumber(tick)}</text>`,
  )
  const seconds = along.ticks.map(
    (tick) =>
      `<text class="tick" text-anchor="middle" x="${x(tick)}" y="${BOTTOM + 14}">${formatNumber(tick)}</text>`,
  )
  const paths = lines.map(({ name, values }, index) => {
    const points = values.map((value, second) => `${x(second + 0.5)} ${y(value)}`)
    return `<g class="s${index % COLOURS}" data-line="${escapeText(name)}"><title>${escapeText(name)}</title><path class="whisker" d="M${points.join('L')}"/></g>`
  })
  return `<figure><h3>${escapeText(title)}</h3><svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(title)}">
${[...grid, ...seconds, ...paths].join('\n')}
<text class="unit" x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 30}">${escapeText(`${unit}, over seconds`)}</text>
</svg>${lines.length > 1 ? `<p>${lines.map(({ name }, index) => `<span class="s${index % COLOURS}" style="color:var(--c)">■</span> ${escapeText(name)}`).join(' ')}</p>` : ''}</figure>`
}
