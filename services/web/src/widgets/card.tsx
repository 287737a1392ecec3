import type { ReactNode } from 'react'
import { useSpeech } from '../texts.ts'

export function Card({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <section className="card">
      <h2>
        {title}
        {note !== undefined && <small>{note}</small>}
      </h2>
      {children}
    </section>
  )
}

export function Empty({ text }: { text?: string }) {
  const { t } = useSpeech()
  return <p className="quiet">{text ?? t.empty}</p>
}

export function Failed({ reason, again }: { reason: string; again: () => void }) {
  const { t } = useSpeech()
  return (
    <div role="alert" className="failed">
      <p>{t.failed(reason)}</p>
      <button type="button" onClick={again}>
        {t.retry}
      </button>
    </div>
  )
}

/** What stands between backticks is a command. */
export function WithCode({ text }: { text: string }) {
  return (
    <p>{text.split('`').map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part))}</p>
  )
}
