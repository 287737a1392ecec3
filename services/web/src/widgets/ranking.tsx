// Counts as ranked bars.
import { memo, useMemo, useState } from 'react'
import { splitKey } from '../../../lib/page-api.ts'
import { useSpeech } from '../texts.ts'
import { rank } from './bars.ts'
import { Empty } from './card.tsx'

const SHOWN = 10
/** Longer lists make a browser slow; the figure beside the title says how many there are. */
const MOST = 500

export type RankingProps = {
  title: string
  counts: Record<string, number> | undefined
  /** Keys of several fields are joined. */
  joined?: boolean
}

export const Ranking = memo(function Ranking({ title, counts, joined = false }: RankingProps) {
  const { t, number } = useSpeech()
  const [all, setAll] = useState(false)
  const ranked = useMemo(() => rank(counts ?? {}), [counts])
  const shown = ranked.slice(0, all ? MOST : SHOWN)
  return (
    <section className="card">
      <h2>
        {title}
        {ranked.length > 0 && <small>{number(ranked.length)}</small>}
      </h2>
      {counts === undefined ? (
        <Skeleton rows={5} />
      ) : ranked.length === 0 ? (
        <Empty />
      ) : (
        <ol className="bars">
          {shown.map(({ key, count, part }) => {
            const text = joined ? splitKey(key).join(' · ') : key
            return (
              <li key={key}>
                <span className="fill" style={{ width: `${part * 100}%` }} />
                <span className="key" title={text}>
                  {text || t.noValue}
                </span>
                <span className="count">{number(count)}</span>
              </li>
            )
          })}
        </ol>
      )}
      {ranked.length > SHOWN && (
        <button type="button" className="link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t.showFewer(number(SHOWN)) : t.showAll(number(ranked.length))}
        </button>
      )}
    </section>
  )
})

export function Skeleton({ rows }: { rows: number }) {
  const { t } = useSpeech()
  return (
    <div className="skeleton" aria-busy="true">
      <span className="unseen">{t.loading}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} />
      ))}
    </div>
  )
}
