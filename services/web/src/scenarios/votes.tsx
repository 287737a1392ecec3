// Bands by their votes; a band that overtakes another one is seen to do so.
import { useMemo } from 'react'
import type { ScenarioProps } from '../pages/live.tsx'
import { useSpeech } from '../texts.ts'
import { rank } from '../widgets/bars.ts'
import { Empty } from '../widgets/card.tsx'
import { Latest } from '../widgets/latest.tsx'
import { Ranking, Skeleton } from '../widgets/ranking.tsx'

const texts = {
  en: { bands: 'Bands by votes', albums: 'Albums by votes', last: 'Last votes' },
  es: { bands: 'Bandas por votos', albums: 'Álbumes por votos', last: 'Últimos votos' },
}

const BANDS = 12
const ROW_PX = 44

type Counts = Record<string, number> | undefined

export function Votes({ live }: ScenarioProps) {
  const { language, number } = useSpeech()
  const own = texts[language]
  const bands = live?.views['top:name'] as Counts
  const ranked = useMemo(() => rank(bands ?? {}), [bands])
  const shown = ranked.slice(0, BANDS)
  // In the order of their names, so that React moves no element: only its place changes, and glides.
  const stable = shown.map((bar, place) => ({ ...bar, place })).toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return (
    <div className="two">
      <section className="card">
        <h2>
          {own.bands}
          {ranked.length > 0 && <small>{number(ranked.length)}</small>}
        </h2>
        {bands === undefined ? (
          <Skeleton rows={BANDS} />
        ) : shown.length === 0 ? (
          <Empty />
        ) : (
          <ul className="race" style={{ height: shown.length * ROW_PX }}>
            {stable.map(({ key, count, part, place }) => (
              <li key={key} style={{ transform: `translateY(${place * ROW_PX}px)` }} data-place={place + 1}>
                <span className="place">{place + 1}</span>
                <span className="fill" style={{ width: `${part * 100}%` }} />
                <span className="key">{key}</span>
                <span className="count">{number(count)}</span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <div className="stack">
        <Ranking title={own.albums} counts={live?.views['count:name+album'] as Counts} joined />
        <Latest
          title={own.last}
          note="Redis"
          events={live?.views['latest'] as Record<string, unknown>[] | undefined}
        />
      </div>
    </div>
  )
}
