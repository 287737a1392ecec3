// The latest load test: what was sent, what became of it, and how long it took.
import { useJson } from '../requests.ts'
import { useSpeech } from '../texts.ts'
import { Card, Empty, Failed, WithCode } from '../widgets/card.tsx'
import { RangePlot } from '../widgets/range-plot.tsx'
import { Skeleton } from '../widgets/ranking.tsx'

type Report = {
  startedAt?: string
  sent: number
  accepted: number
  byStatus: Record<string, number>
  errors: Record<string, number>
  seconds: number
  requestsPerSecond: number
  latencyMs: Record<'p50' | 'p90' | 'p99' | 'p999' | 'max', number>
}

const percentiles = { p50: 'p50', p90: 'p90', p99: 'p99', p999: 'p99.9', max: 'max' } as const

export function LoadTestPage() {
  const { t, number, day } = useSpeech()
  const { value, error, again } = useJson<Report | null>('/loadtest')
  const figures: [string, string][] = value
    ? [
        [t.reports.sent, number(value.sent)],
        [t.reports.accepted, number(value.accepted)],
        [t.reports.perSecond, number(value.requestsPerSecond)],
        [t.reports.seconds, value.seconds.toFixed(1)],
      ]
    : []
  return (
    <div className="page">
      <section className="card">
        <h1>{t.pages.loadtest}</h1>
        {value === null ? (
          <>
            <Empty text={t.reports.none} />
            <WithCode text={t.reports.loadHow} />
          </>
        ) : error ? (
          <Failed reason={error.message} again={again} />
        ) : value ? (
          <>
            {value.startedAt !== undefined && <p className="quiet">{t.reports.at(day(value.startedAt))}</p>}
            <dl className="ledger">
              {figures.map(([name, figure]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd className="number">{figure}</dd>
                </div>
              ))}
            </dl>
          </>
        ) : (
          <Skeleton rows={6} />
        )}
      </section>
      {value && (
        <div className="two">
          <Card title={t.reports.latency}>
            <RangePlot
              title={t.reports.latency}
              unit="ms"
              log={false}
              rows={Object.entries(percentiles).map(([key, title]) => {
                const ms = value.latencyMs[key as keyof typeof percentiles]
                return { title, series: '', median: ms, least: ms, most: ms }
              })}
            />
          </Card>
          <div className="stack">
            <Counts title={t.reports.answers} counts={value.byStatus} />
            <Counts title={t.reports.errors} counts={value.errors} />
          </div>
        </div>
      )}
    </div>
  )
}

function Counts({ title, counts }: { title: string; counts: Record<string, number> }) {
  const { t, number } = useSpeech()
  const entries = Object.entries(counts)
  return (
    <Card title={title}>
      {entries.length === 0 ? (
        <p className="quiet">{t.reports.noErrors}</p>
      ) : (
        <dl className="receipt">
          {entries.map(([name, count]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{number(count)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  )
}
