// What people think of each match: its scores as a heat map and a ranking, and the most popular one.
import { useEffect, useMemo, useState } from 'react'
import { splitKey } from '../../../lib/page-api.ts'
import type { ScenarioProps } from '../pages/live.tsx'
import { useSpeech } from '../texts.ts'
import { rank } from '../widgets/bars.ts'
import { Empty } from '../widgets/card.tsx'
import { HeatMap } from '../widgets/heat-map.tsx'
import { Latest } from '../widgets/latest.tsx'
import { Ranking, Skeleton } from '../widgets/ranking.tsx'

const texts = {
  en: {
    phase: 'Phase',
    match: 'Match',
    find: 'Find a team',
    scores: (match: string) => `Predicted scores: ${match}`,
    ranking: 'Scores by predictions',
    popular: 'Most popular',
    of: (part: string, count: string) => `${part} of ${count} predictions`,
    last: 'Last predictions',
    pick: 'Pick a match',
    goals: (team: string) => `goals of ${team}`,
    phases: { BEGINNING: 'Groups', ROUND_OF_SIXTEEN: '1/8', QUARTER_FINALS: 'Quarters', FINALS: 'Finals' },
  },
  es: {
    phase: 'Fase',
    match: 'Partido',
    find: 'Buscar un equipo',
    scores: (match: string) => `Marcadores: ${match}`,
    ranking: 'Marcadores por predicciones',
    popular: 'El más popular',
    of: (part: string, count: string) => `${part} de ${count} predicciones`,
    last: 'Últimas predicciones',
    pick: 'Elija un partido',
    goals: (team: string) => `goles de ${team}`,
    phases: { BEGINNING: 'Grupos', ROUND_OF_SIXTEEN: '1/8', QUARTER_FINALS: 'Cuartos', FINALS: 'Finales' },
  },
}

const MATCHES = 60

type Counts = Record<string, number> | undefined

export function Predictions({ schema, live }: ScenarioProps) {
  const { language, number } = useSpeech()
  const own = texts[language]
  const phases = schema.fields.find(({ name }) => name === 'phase')?.values ?? []
  const [phase, setPhase] = useState(phases[0] ?? '')
  const [match, setMatch] = useState<string>()
  const [search, setSearch] = useState('')
  const counted = live?.views['count:team1+team2+phase'] as Counts
  const scored = live?.views['count:team1+team2+phase+score'] as Counts

  const matches = useMemo(() => matchesOf(counted, phase), [counted, phase])
  const found = matches
    .filter(({ match: name }) => name.toLowerCase().includes(search.toLowerCase()))
    .slice(0, MATCHES)
  // Until somebody picks one, the match with the most predictions.
  const picked = match ?? matches[0]?.match
  const scores = useMemo(() => scoresOf(scored, picked, phase), [scored, picked, phase])
  useEffect(() => setMatch(undefined), [phase])
  const phaseText = (name: string) => (own.phases as Record<string, string>)[name] ?? name

  return (
    <div className="predictions">
      <section className="card">
        <h2>{own.match}</h2>
        <fieldset className="segments">
          <legend>{own.phase}</legend>
          {phases.map((name) => (
            <label key={name}>
              <input type="radio" name="phase" checked={phase === name} onChange={() => setPhase(name)} />
              <span>{phaseText(name)}</span>
            </label>
          ))}
        </fieldset>
        <label className="field">
          {own.find}
          <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
        </label>
        {counted === undefined ? (
          <Skeleton rows={8} />
        ) : found.length === 0 ? (
          <Empty />
        ) : (
          <ul className="picker" aria-label={own.pick}>
            {found.map(({ match: name, count }) => (
              <li key={name}>
                <button type="button" aria-pressed={name === picked} onClick={() => setMatch(name)}>
                  <span className="key">{name}</span>
                  <span className="count">{number(count)}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </section>
      <div className="stack">
        <MatchScores match={picked} scores={counted === undefined ? undefined : scores} />
        <Ranking title={own.ranking} counts={counted === undefined ? undefined : scores} />
      </div>
      <Latest
        title={own.last}
        note="Redis"
        events={live?.views['latest'] as Record<string, unknown>[] | undefined}
      />
    </div>
  )
}

function MatchScores({ match, scores }: { match: string | undefined; scores: Counts }) {
  const { language, number, percent } = useSpeech()
  const own = texts[language]
  const all = Object.values(scores ?? {}).reduce((sum, count) => sum + count, 0)
  const [best] = rank(scores ?? {})
  const [home = '', away = ''] = match?.split(' – ') ?? []
  const cells = useMemo(
    () =>
      Object.entries(scores ?? {}).map(([score, count]) => {
        const [y = 0, x = 0] = score.split('-').map(Number)
        return { x, y, count }
      }),
    [scores],
  )
  return (
    <section className="card">
      <h2>{match === undefined ? own.match : own.scores(match)}</h2>
      {scores === undefined ? (
        <Skeleton rows={8} />
      ) : !best ? (
        <Empty />
      ) : (
        <div className="match">
          <div className="popular">
            <div className="label">{own.popular}</div>
            <div className="number" data-figure="popular">
              {best.key}
            </div>
            <div className="label">{own.of(percent(best.count / all), number(all))}</div>
          </div>
          <HeatMap cells={cells} xLabel={own.goals(away)} yLabel={own.goals(home)} />
        </div>
      )}
    </section>
  )
}

function matchesOf(counted: Counts, phase: string): { match: string; count: number }[] {
  return rank(counted ?? {}).flatMap(({ key, count }) => {
    const [home, away, of] = splitKey(key)
    return of === phase ? [{ match: `${home} – ${away}`, count }] : []
  })
}

function scoresOf(scored: Counts, match: string | undefined, phase: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scored ?? {}).flatMap(([key, count]) => {
      const [home, away, of, score] = splitKey(key)
      return of === phase && `${home} – ${away}` === match && score !== undefined ? [[score, count]] : []
    }),
  )
}
