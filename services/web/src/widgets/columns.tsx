// Counts in a given order, as columns: a histogram.
import { memo } from 'react'
import { useSpeech } from '../texts.ts'
import { Skeleton } from './ranking.tsx'

export type ColumnsProps = {
  title: string
  labels: string[]
  counts: Record<string, number> | undefined
  note?: string
}

export const Columns = memo(function Columns({ title, labels, counts, note }: ColumnsProps) {
  const { number, short } = useSpeech()
  const most = Math.max(1, ...labels.map((label) => counts?.[label] ?? 0))
  return (
    <section className="card">
      <h2>
        {title}
        {note !== undefined && <small>{note}</small>}
      </h2>
      {counts === undefined ? (
        <Skeleton rows={5} />
      ) : (
        <ol className="columns">
          {labels.map((label) => {
            const count = counts[label] ?? 0
            return (
              <li key={label} title={`${label}: ${number(count)}`}>
                <span className="count">{short(count)}</span>
                <span className="column" aria-hidden="true">
                  <span style={{ transform: `scaleY(${count / most})` }} />
                </span>
                <span className="label">{rangeText(label)}</span>
              </li>
            )
          })}
        </ol>
      )}
    </section>
  )
})

/** `[10,20)` of whole numbers is better read as `10–19`, but a bound may be any number. */
function rangeText(label: string): string {
  const [, low, high] = /^\[(-?\d+),(-?\d+)\)$/.exec(label) ?? []
  if (low !== undefined && high !== undefined) return `${low}–${Number(high) - 1}`
  return label.replace(/^>=(.*)$/, '$1+')
}
