// One event by hand. The form follows from the schema; what is wrong is said by the server's own checker.
import { useEffect, useId, useRef, useState, type FormEvent } from 'react'
import type { FieldShape, SchemaShape } from '../../../lib/page-api.ts'
import { postJson } from '../requests.ts'
import { useSpeech, type Texts } from '../texts.ts'

const CHECK_PAUSE_MS = 200

type Violation = { field: string; rule: string; message: string }
export type Sent = { id: string; intake: string; at: number; tookMs: number }
type Outcome = { sent: Sent } | { refused: string }

export function SendForm({ schema, onSent }: { schema: SchemaShape; onSent: (sent: Sent) => void }) {
  const { t } = useSpeech()
  const [texts, setTexts] = useState<Record<string, string>>({})
  const [touched, setTouched] = useState<Set<string>>(new Set())
  const [violations, setViolations] = useState<Violation[]>()
  const [intake, setIntake] = useState(schema.intakes[0] ?? '')
  const [busy, setBusy] = useState(false)
  const [outcome, setOutcome] = useState<Outcome>()
  const form = useRef<HTMLFormElement>(null)
  const id = useId()

  const eventOf = () =>
    Object.fromEntries(
      schema.fields.flatMap((field) => {
        const value = valueOf(field, texts[field.name] ?? '')
        return value === undefined ? [] : [[field.name, value]]
      }),
    )
  useEffect(() => {
    if (touched.size === 0) return
    const ended = new AbortController()
    const timer = setTimeout(() => {
      postJson<{ violations: Violation[] }>('/check', eventOf(), ended.signal).then(
        (answer) => setViolations(answer.violations),
        // Without the server nothing can be sent either, and that is said there.
        () => undefined,
      )
    }, CHECK_PAUSE_MS)
    return () => {
      clearTimeout(timer)
      ended.abort()
    }
  }, [texts, touched]) // oxlint-disable-line react-hooks/exhaustive-deps

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setOutcome(undefined)
    try {
      const checked = await postJson<{ violations: Violation[] }>('/check', eventOf())
      setViolations(checked.violations)
      setTouched(new Set(schema.fields.map(({ name }) => name)))
      const wrong = checked.violations[0]
      if (wrong) {
        form.current?.querySelector<HTMLElement>(`[name="${CSS.escape(wrong.field)}"]`)?.focus()
        return
      }
      const began = performance.now()
      const at = Date.now()
      const path = `/send?intake=${encodeURIComponent(intake)}`
      const { id: given } = await postJson<{ id: string }>(path, eventOf())
      const sent = { id: given, intake, at, tookMs: performance.now() - began }
      setOutcome({ sent })
      onSent(sent)
    } catch (cause) {
      setOutcome({ refused: (cause as Error).message })
    } finally {
      setBusy(false)
    }
  }

  if (schema.intakes.length === 0) return <p className="quiet">{t.send.none}</p>
  const shown = (violations ?? []).filter(
    ({ field }) => touched.has(field) || !schema.fields.some(({ name }) => name === field),
  )
  return (
    <form ref={form} className="send" onSubmit={(event) => void submit(event)} noValidate>
      {schema.fields.map((field) => {
        const wrong = shown.filter((violation) => violation.field === field.name)
        const own = `${id}-${field.name}`
        const hint = hintOf(field, t)
        return (
          <div key={field.name} className="field">
            <label htmlFor={own}>{field.name}</label>
            <Input
              id={own}
              field={field}
              value={texts[field.name] ?? ''}
              invalid={wrong.length > 0}
              describedBy={`${own}-hint`}
              onChange={(text) => {
                setTexts({ ...texts, [field.name]: text })
                setTouched(new Set([...touched, field.name]))
              }}
            />
            <span id={`${own}-hint`} className={wrong.length > 0 ? 'wrong' : 'hint'}>
              {wrong.length > 0 ? wrong.map(({ message }) => message).join('; ') : hint}
            </span>
          </div>
        )
      })}
      {schema.intakes.length > 1 && (
        <div className="field">
          <label htmlFor={`${id}-intake`}>{t.send.intake}</label>
          <select id={`${id}-intake`} value={intake} onChange={(event) => setIntake(event.target.value)}>
            {schema.intakes.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </div>
      )}
      <div className="row">
        <button type="submit" className="primary" disabled={busy}>
          {busy ? t.send.sending : t.send.send}
        </button>
        <p role="status" className={outcome && 'refused' in outcome ? 'wrong' : 'hint'}>
          {outcome === undefined
            ? violations === undefined
              ? t.send.unchecked
              : shown.length === 0 && violations.length === 0
                ? t.send.checked
                : t.send.broken(violations.length)
            : 'sent' in outcome
              ? `${t.send.sent} ${outcome.sent.id}`
              : t.send.refused(outcome.refused)}
        </p>
      </div>
    </form>
  )
}

type InputProps = {
  id: string
  field: FieldShape
  value: string
  invalid: boolean
  describedBy: string
  onChange: (text: string) => void
}

function Input({ id, field, value, invalid, describedBy, onChange }: InputProps) {
  const { t } = useSpeech()
  const common = {
    id,
    name: field.name,
    value,
    'aria-invalid': invalid,
    'aria-describedby': describedBy,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  }
  const choices =
    field.kind === 'boolean'
      ? ['true', 'false']
      : (field.values ?? (field.rules['in'] as string[] | undefined))
  if (choices)
    return (
      <select {...common}>
        <option value="">{t.send.choose}</option>
        {choices.map((choice) => (
          <option key={String(choice)}>{String(choice)}</option>
        ))}
      </select>
    )
  const long = Number(field.rules['max_len'] ?? 0) > 200 || field.kind === 'other'
  if (long) return <textarea {...common} rows={2} />
  const digits = field.kind === 'integer' ? 'numeric' : field.kind === 'number' ? 'decimal' : 'text'
  return <input {...common} type="text" inputMode={digits} autoComplete="off" />
}

/** What the rules say, in few words. */
function hintOf({ kind, rules }: FieldShape, { send }: Texts): string {
  const text = (name: string) => (rules[name] === undefined ? undefined : `${rules[name] as string | number}`)
  if (kind === 'string' && text('max_len') !== undefined)
    return send.characters(text('min_len') ?? '0', text('max_len')!)
  if (text('pattern') !== undefined) return send.pattern(text('pattern')!)
  const low = text('gte') ?? text('gt')
  const high = text('lte') ?? text('lt')
  return low !== undefined || high !== undefined ? send.between(low ?? '…', high ?? '…') : ''
}

/** A number where the text is one; what it cannot be is left to the checker. */
function valueOf({ kind, values }: FieldShape, text: string): unknown {
  if (text === '') return undefined
  if (values) return text
  if (kind === 'boolean') return text === 'true'
  if (kind === 'integer' || kind === 'number')
    return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
  if (kind !== 'other') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
