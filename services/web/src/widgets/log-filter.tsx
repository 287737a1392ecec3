// Which events of the log are asked for: those in which a field is exactly so.
import { useState, type FormEvent } from 'react'
import { useSpeech } from '../texts.ts'

/** No field is no filter. */
export type Filter = { field: string; value: string }

export function LogFilter({ fields, onFilter }: { fields: string[]; onFilter: (filter: Filter) => void }) {
  const { t } = useSpeech()
  const [field, setField] = useState('')
  const [value, setValue] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onFilter({ field, value })
  }
  return (
    <form className="filter" onSubmit={submit}>
      <select
        aria-label={t.logs.field}
        value={field}
        onChange={(event) => {
          setField(event.target.value)
          if (event.target.value === '') onFilter({ field: '', value: '' })
        }}
      >
        <option value="">{t.logs.anyField}</option>
        {fields.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <input
        type="text"
        aria-label={t.logs.value}
        placeholder={t.logs.value}
        value={value}
        disabled={field === ''}
        onChange={(event) => setValue(event.target.value)}
      />
      <button type="submit" disabled={field === ''}>
        {t.logs.apply}
      </button>
    </form>
  )
}
