// Medians as bars, each with the least and the most as a whisker.
import { useSpeech } from '../texts.ts'

export type PlotRow = { title: string; series: string; median: number; least: number; most: number }
export type RangePlotProps = { title: string; unit: string; log: boolean; rows: PlotRow[] }

export function RangePlot({ title, unit, log, rows }: RangePlotProps) {
  const { t, short } = useSpeech()
  const most = Math.max(...rows.map((row) => row.most), 0)
  const least = Math.min(...rows.map((row) => row.least).filter((value) => value > 0))
  const part = partOf(log, least, most)
  return (
    <figure className="range-plot">
      <figcaption>
        {title}{' '}
        <small>
          {unit}
          {log ? ', log' : ''}
        </small>
      </figcaption>
      <ul>
        {rows.map(({ title: name, series, ...row }) => (
          <li key={`${name}|${series}`}>
            <span className="key" title={name}>
              {name}
              {series && <span className="quiet"> · {series}</span>}
            </span>
            <span className="track" aria-hidden="true">
              <span className="fill" style={{ width: `${part(row.median) * 100}%` }} />
              <span
                className="whisker"
                style={{
                  left: `${part(row.least) * 100}%`,
                  width: `${(part(row.most) - part(row.least)) * 100}%`,
                }}
              />
            </span>
            <span className="count" title={`${t.reports.range}: ${short(row.least)}–${short(row.most)}`}>
              {short(row.median)}
            </span>
          </li>
        ))}
      </ul>
    </figure>
  )
}

/** From 0 to 1 along the axis. A logarithmic one begins at a power of ten below everything. */
function partOf(log: boolean, least: number, most: number): (value: number) => number {
  if (!(most > 0)) return () => 0
  if (!log) return (value) => Math.max(0, value / most)
  const start = Math.floor(Math.log10(least) - 0.3)
  const span = Math.log10(most) - start
  return (value) => (value > 0 && span > 0 ? Math.max(0, (Math.log10(value) - start) / span) : 0)
}
