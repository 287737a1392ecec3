// The newest stored events as a table, page by page. The newest page follows the log.
import { useEffect, useRef, useState } from 'react'
import { getJson } from '../requests.ts'
import { useSpeech } from '../texts.ts'
import { Empty } from './card.tsx'
import { valueText } from './latest.tsx'
import { Skeleton } from './ranking.tsx'

const ROWS = 10
const LEAST_PAUSE_MS = 1_000
/** A log that answers slowly is asked seldom. */
const PAUSE_FACTOR = 4

type Page = { events: Record<string, unknown>[]; next: string | null }

export type StoredTableProps = {
  title: string
  note: string
  /** Field → its heading. */
  columns: Record<string, string>
  /** When it changes, there is something to read. */
  total: number | undefined
}

export function StoredTable({ title, note, columns, total }: StoredTableProps) {
  const { t, clock, language } = useSpeech()
  const [page, setPage] = useState<Page>()
  const [cursors, setCursors] = useState<string[]>([])
  const [error, setError] = useState<string>()
  const resting = useRef(false)
  const [ticks, setTicks] = useState(0)
  const cursor = cursors.at(-1)

  useEffect(() => {
    // An older page stays as it is.
    if (resting.current) return
    const began = performance.now()
    resting.current = true
    const after = cursor === undefined ? '' : `&after=${encodeURIComponent(cursor)}`
    let again: ReturnType<typeof setTimeout>
    getJson<Page>(`/logs?limit=${ROWS}${after}`)
      .then(
        (found) => {
          setPage(found)
          setError(undefined)
        },
        (cause: Error) => setError(cause.message),
      )
      .finally(() => {
        const pauseMs = Math.max(LEAST_PAUSE_MS, (performance.now() - began) * PAUSE_FACTOR)
        again = setTimeout(() => {
          resting.current = false
          setTicks((count) => count + 1)
        }, pauseMs)
      })
    return () => clearTimeout(again)
  }, [cursor, cursor === undefined ? total : 0, cursor === undefined ? ticks : 0]) // oxlint-disable-line react-hooks/exhaustive-deps

  return (
    <section className="card wide-card">
      <h2>
        {title}
        <small>{note}</small>
      </h2>
      {error !== undefined && <p className="wrong">{t.failed(error)}</p>}
      {page === undefined ? (
        <Skeleton rows={ROWS} />
      ) : page.events.length === 0 ? (
        <Empty />
      ) : (
        <div className="table" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{language === 'es' ? 'Hora' : 'Time'}</th>
                {Object.entries(columns).map(([field, heading]) => (
                  <th key={field} scope="col">
                    {heading}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {page.events.map((event) => (
                <tr key={String(event['id'])}>
                  <td className="quiet">{clock(String(event['time']))}</td>
                  {Object.keys(columns).map((field) => (
                    <td key={field}>{valueText(event[field])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="row">
        <button
          type="button"
          disabled={cursors.length === 0}
          onClick={() => setCursors(cursors.slice(0, -1))}
        >
          <span aria-hidden="true">‹</span> {language === 'es' ? 'Más nuevos' : 'Newer'}
        </button>
        <button
          type="button"
          disabled={!page?.next}
          onClick={() => page?.next && setCursors([...cursors, page.next])}
        >
          {language === 'es' ? 'Más antiguos' : 'Older'} <span aria-hidden="true">›</span>
        </button>
      </div>
    </section>
  )
}
