// The five views of the cases: three from MongoDB, two from Redis.
import { useMemo } from 'react'
import type { ScenarioProps } from '../pages/live.tsx'
import { useSpeech } from '../texts.ts'
import { rank } from '../widgets/bars.ts'
import { Columns } from '../widgets/columns.tsx'
import { Latest } from '../widgets/latest.tsx'
import { Pie } from '../widgets/pie.tsx'
import { Empty } from '../widgets/card.tsx'
import { StoredTable } from '../widgets/stored-table.tsx'
import { Skeleton } from '../widgets/ranking.tsx'

const texts = {
  en: {
    cases: 'Collected cases',
    top: 'Top 3 infected areas',
    state: 'Infected by state',
    last: 'Last 5 cases',
    ages: 'Age ranges',
    columns: { name: 'Name', location: 'Location', age: 'Age', infectedtype: 'Infection', state: 'State' },
    cases3: (count: string) => `${count} cases`,
  },
  es: {
    cases: 'Casos recopilados',
    top: 'Las 3 áreas más infectadas',
    state: 'Infectados por estado',
    last: 'Últimos 5 casos',
    ages: 'Rangos de edad',
    columns: { name: 'Nombre', location: 'Lugar', age: 'Edad', infectedtype: 'Contagio', state: 'Estado' },
    cases3: (count: string) => `${count} casos`,
  },
}

type Counts = Record<string, number> | undefined

export function Covid({ schema, live }: ScenarioProps) {
  const { language } = useSpeech()
  const own = texts[language]
  const view = (name: string) => live?.views[name]
  const ages = schema.views.find(({ name }) => name === 'histogram:age')
  return (
    <div className="covid">
      <TopAreas counts={view('mongodb:location') as Counts} />
      <Pie title={own.state} note="MongoDB" counts={view('mongodb:state') as Counts} />
      <Columns
        title={own.ages}
        note="Redis"
        labels={ages?.labels ?? []}
        counts={view('histogram:age') as Counts}
      />
      <StoredTable title={own.cases} note="MongoDB" columns={own.columns} total={live?.total} />
      <Latest
        title={own.last}
        note="Redis"
        events={view('latest') as Record<string, unknown>[] | undefined}
      />
    </div>
  )
}

function TopAreas({ counts }: { counts: Counts }) {
  const { language, number } = useSpeech()
  const own = texts[language]
  const ranked = useMemo(() => rank(counts ?? {}).slice(0, 3), [counts])
  return (
    <section className="card">
      <h2>
        {own.top}
        <small>MongoDB</small>
      </h2>
      {counts === undefined ? (
        <Skeleton rows={3} />
      ) : ranked.length === 0 ? (
        <Empty />
      ) : (
        <ol className="podium">
          {ranked.map(({ key, count, part }, index) => (
            <li key={key}>
              <span className="place">{index + 1}</span>
              <span className="key">{key}</span>
              <span className="count">{own.cases3(number(count))}</span>
              <span className="meter" aria-hidden="true">
                <span style={{ transform: `scaleX(${part})` }} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
