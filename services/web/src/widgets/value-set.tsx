// The set of values seen.
import { memo, useState } from 'react'
import { splitKey } from '../../../lib/page-api.ts'
import { useSpeech } from '../texts.ts'
import { Empty } from './card.tsx'
import { Skeleton } from './ranking.tsx'

const SHOWN = 24
const MOST = 500

export type ValueSetProps = { title: string; values: string[] | undefined; joined: boolean }

export const ValueSet = memo(
  function ValueSet({ title, values, joined }: ValueSetProps) {
    const { t, number } = useSpeech()
    const [all, setAll] = useState(false)
    return (
      <section className="card">
        <h2>
          {title}
          {values && values.length > 0 && <small>{number(values.length)}</small>}
        </h2>
        {values === undefined ? (
          <Skeleton rows={3} />
        ) : values.length === 0 ? (
          <Empty />
        ) : (
          <ul className="chips">
            {values.slice(0, all ? MOST : SHOWN).map((value) => (
              <li key={value}>{joined ? splitKey(value).join(' · ') : value}</li>
            ))}
          </ul>
        )}
        {values && values.length > SHOWN && (
          <button type="button" className="link" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? t.showFewer(number(SHOWN)) : t.showAll(number(values.length))}
          </button>
        )}
      </section>
    )
  },
  (a, b) =>
    a.title === b.title && a.values?.length === b.values?.length && a.values?.at(-1) === b.values?.at(-1),
)
