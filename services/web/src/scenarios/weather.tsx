// Tweets by country: a world ranking, and the countries as dots on a map.
import { memo, useMemo } from 'react'
import type { ScenarioProps } from '../pages/live.tsx'
import { useSpeech } from '../texts.ts'
import { Latest } from '../widgets/latest.tsx'
import { Ranking, Skeleton } from '../widgets/ranking.tsx'
import { places } from './places.ts'

const texts = {
  en: {
    map: 'Where it is talked about',
    ranking: 'World ranking',
    last: 'Last tweets',
    land: 'Tweets on a map of the world; the ranking has the figures',
  },
  es: {
    map: 'Dónde se habla de ello',
    ranking: 'Clasificación mundial',
    last: 'Últimos tuits',
    land: 'Tuits en un mapa del mundo; la clasificación tiene las cifras',
  },
}

type Counts = Record<string, number> | undefined

export function Weather({ live }: ScenarioProps) {
  const { language } = useSpeech()
  const own = texts[language]
  const countries = live?.views['count:country'] as Counts
  return (
    <div className="weather">
      <WorldMap counts={countries} />
      <Ranking title={own.ranking} counts={countries} />
      <Latest
        title={own.last}
        note="Redis"
        events={live?.views['latest'] as Record<string, unknown>[] | undefined}
      />
    </div>
  )
}

/** Country names in English and Spanish, without accents and case → code. */
const codes = new Map(
  (['en', 'es'] as const).flatMap((language) => {
    const names = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' })
    return Object.keys(places).flatMap((code) => {
      const name = names.of(code)
      return name === undefined ? [] : [[plain(name), code] as const]
    })
  }),
)

function plain(name: string): string {
  return name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace('&', 'and')
}

const WIDTH = 720
const HEIGHT = 330
const LARGEST = 22

/** Equirectangular, without the poles. */
const at = ([latitude, longitude]: readonly [number, number]) => ({
  x: ((longitude + 180) / 360) * WIDTH,
  y: ((78 - latitude) / 135) * HEIGHT,
})

const WorldMap = memo(function WorldMap({ counts }: { counts: Counts }) {
  const { language, number } = useSpeech()
  const own = texts[language]
  const dots = useMemo(() => {
    const known = Object.entries(counts ?? {}).flatMap(([country, count]) => {
      const code = codes.get(plain(country))
      return code === undefined ? [] : [{ country, count, ...at(places[code]!) }]
    })
    return known.toSorted((a, b) => b.count - a.count)
  }, [counts])
  const most = Math.max(1, dots[0]?.count ?? 1)
  return (
    <section className="card wide-card">
      <h2>{own.map}</h2>
      {counts === undefined ? (
        <Skeleton rows={8} />
      ) : (
        <svg className="map" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={own.land}>
          {[-40, -20, 0, 20, 40, 60].map((latitude) => (
            <line key={latitude} x1="0" x2={WIDTH} y1={at([latitude, 0]).y} y2={at([latitude, 0]).y} />
          ))}
          {Object.entries(places).map(([code, place]) => (
            <circle key={code} className="place" cx={at(place).x} cy={at(place).y} r="2" />
          ))}
          {dots.map(({ country, count, x, y }) => (
            <circle
              key={country}
              className="dot"
              cx={x}
              cy={y}
              r={3 + (LARGEST - 3) * Math.sqrt(count / most)}
            >
              <title>{`${country}: ${number(count)}`}</title>
            </circle>
          ))}
          {dots.slice(0, 6).map(({ country, x, y }) => (
            <text key={country} x={x} y={y} textAnchor="middle" dominantBaseline="middle">
              {country}
            </text>
          ))}
        </svg>
      )}
    </section>
  )
})
