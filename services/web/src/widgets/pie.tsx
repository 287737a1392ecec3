// Shares of a whole as a ring; each share is also in the list beside, with its figure.
import { memo, useMemo } from 'react'
import { useSpeech } from '../texts.ts'
import { shares } from './bars.ts'
import { Empty } from './card.tsx'
import { Skeleton } from './ranking.tsx'

const SLICES = 7
const RADIUS = 40
const AROUND = 2 * Math.PI * RADIUS

export type PieProps = { title: string; counts: Record<string, number> | undefined; note?: string }

export const Pie = memo(function Pie({ title, counts, note }: PieProps) {
  const { t, number, percent } = useSpeech()
  const slices = useMemo(() => shares(counts ?? {}, SLICES, t.other), [counts, t])
  let done = 0
  return (
    <section className="card">
      <h2>
        {title}
        {note !== undefined && <small>{note}</small>}
      </h2>
      {counts === undefined ? (
        <Skeleton rows={5} />
      ) : slices.length === 0 ? (
        <Empty />
      ) : (
        <div className="pie">
          <svg viewBox="0 0 100 100" aria-hidden="true">
            {slices.map(({ key, part }, index) => {
              const dash = `${part * AROUND} ${AROUND}`
              const offset = -done * AROUND
              done += part
              return (
                <circle
                  key={key}
                  className={`slice slice-${index}`}
                  cx="50"
                  cy="50"
                  r={RADIUS}
                  strokeDasharray={dash}
                  strokeDashoffset={offset}
                />
              )
            })}
          </svg>
          <ul>
            {slices.map(({ key, count, part }, index) => (
              <li key={key}>
                <span className={`swatch slice-${index}`} aria-hidden="true" />
                <span className="key">{key}</span>
                <span className="count">{percent(part)}</span>
                <span className="quiet">{number(count)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  )
})
