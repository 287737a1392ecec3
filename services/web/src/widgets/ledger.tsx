// How much each store has, and whether that agrees.
import { balanceOf } from '../balance.ts'
import type { PipelineState } from '../../../lib/page-api.ts'
import { useSpeech } from '../texts.ts'

export function LedgerStrip({ state }: { state: PipelineState | undefined }) {
  const { t, number } = useSpeech()
  const balance = state && balanceOf(state)
  const figures: [name: string, label: string, value: number | undefined, note?: string][] = [
    ['accepted', t.ledger.accepted, balance?.accepted, t.ledger.acceptedNote],
    ...(balance?.hasKafka === false
      ? []
      : ([['kafka', t.ledger.inKafka, balance?.kafka]] satisfies [string, string, number | undefined][])),
    ['mongodb', t.ledger.inMongo, balance?.mongodb],
    ['redis', t.ledger.inRedis, balance?.redis],
    ['inFlight', t.ledger.inFlight, balance?.inFlight, t.ledger.inFlightNote],
    ['unacknowledged', t.ledger.unacknowledged, balance?.unacknowledged, t.ledger.unacknowledgedNote],
  ]
  const verdict = balance?.verdict ?? 'unknown'
  return (
    <section className="card" aria-labelledby="ledger">
      <h2 id="ledger">
        {t.ledger.title}
        <span className="badge" data-verdict={verdict}>
          {balance ? t.ledger[verdict] : '–'}
        </span>
        {balance && balance.deadLetters > 0 && (
          <span className="badge" data-verdict="unbalanced">
            {t.ledger.deadLetters}: {number(balance.deadLetters)}
          </span>
        )}
      </h2>
      <dl className="ledger">
        {figures.map(([name, label, value, note]) => (
          <div key={name} data-figure={name} data-value={value ?? ''}>
            <dt>{label}</dt>
            <dd className="number">{value === undefined ? '–' : number(value)}</dd>
            {note !== undefined && <dd className="note">{note}</dd>}
          </div>
        ))}
      </dl>
    </section>
  )
}
