// The latest report of the duel: each table as plots, with the figures behind them.
import { useJson } from '../requests.ts'
import { useSpeech } from '../texts.ts'
import { Card, Empty, Failed, WithCode } from '../widgets/card.tsx'
import { RangePlot, type PlotRow } from '../widgets/range-plot.tsx'
import { Skeleton } from '../widgets/ranking.tsx'

type Cell = { median: number; least: number; most: number; rounds: number[] }
type Column = { title: string; unit: string }
type Table = {
  title: string
  columns: Record<string, Column>
  plots: { title: string; columns: string[]; scale: 'log' | 'linear' }[]
  remarks: string[]
  rows: Record<string, { title: string; cells: Record<string, Cell> }>
}
type Report = {
  title: string
  startedAt: string
  seconds: number
  machine: { cpu: string; cores: number }
  tables: Record<string, Table>
}

export function DuelPage() {
  const { t, day, number } = useSpeech()
  const report = useJson<Report | null>('/duel')
  return (
    <div className="page">
      <section className="card">
        <h1>{report.value?.title ?? t.pages.duel}</h1>
        {report.value === null ? (
          <>
            <Empty text={t.reports.none} />
            <WithCode text={t.reports.duelHow} />
          </>
        ) : report.error ? (
          <Failed reason={report.error.message} again={report.again} />
        ) : report.value ? (
          <p className="quiet">
            {t.reports.at(day(report.value.startedAt))} · {t.reports.took(number(report.value.seconds))} ·{' '}
            {report.value.machine.cpu}, {report.value.machine.cores} ×
          </p>
        ) : (
          <Skeleton rows={12} />
        )}
      </section>
      {Object.entries(report.value?.tables ?? {}).map(([name, table]) => (
        <TableCard key={name} table={table} />
      ))}
    </div>
  )
}

function TableCard({ table }: { table: Table }) {
  const { t } = useSpeech()
  const rows = Object.values(table.rows)
  return (
    <Card title={table.title}>
      {table.remarks.map((remark) => (
        <p key={remark} className="quiet">
          {remark}
        </p>
      ))}
      <div className="plots">
        {table.plots.map((plot) => (
          <RangePlot
            key={plot.title}
            title={plot.title}
            unit={table.columns[plot.columns[0]!]?.unit ?? ''}
            log={plot.scale === 'log'}
            rows={rows.flatMap(({ title, cells }) =>
              plot.columns.flatMap((column): PlotRow[] => {
                const cell = cells[column]
                const series = plot.columns.length > 1 ? (table.columns[column]?.title ?? column) : ''
                return cell ? [{ title, series, ...cell }] : []
              }),
            )}
          />
        ))}
      </div>
      <details>
        <summary>{t.reports.figures}</summary>
        <div className="table" tabIndex={0} role="region" aria-label={`${table.title}: ${t.reports.figures}`}>
          <table>
            <thead>
              <tr>
                <td />
                {Object.entries(table.columns).map(([key, { title, unit }]) => (
                  <th key={key} scope="col">
                    {title} <small>{unit}</small>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ title, cells }) => (
                <tr key={title}>
                  <th scope="row">{title}</th>
                  {Object.keys(table.columns).map((key) => (
                    <td key={key}>{cells[key] ? <Figure cell={cells[key]} /> : ''}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </Card>
  )
}

function Figure({ cell: { median, least, most } }: { cell: Cell }) {
  const { short } = useSpeech()
  return (
    <>
      {short(median)}{' '}
      <small className="quiet">
        ({short(least)}–{short(most)})
      </small>
    </>
  )
}
