// The total, the rate, and the rate over time.
import { memo, useMemo } from 'react'
import { useSpeech } from '../texts.ts'
import { perSecond } from './bars.ts'
import { Plot } from './plot.tsx'

/** The rate that is shown is over this many seconds. */
const RATE_OVER = 5

export type FiguresProps = {
  total: number | undefined
  /** Second → events; undefined when the scenario keeps none. */
  rate: Record<string, number> | undefined
  seconds: number | undefined
  at: string | undefined
}

export const Figures = memo(function Figures({ total, rate, seconds, at }: FiguresProps) {
  const { t, number, short } = useSpeech()
  const now = Math.floor((at === undefined ? Date.now() : Date.parse(at)) / 1_000)
  const values = useMemo(() => perSecond(rate ?? {}, now, seconds ?? 0), [rate, now, seconds])
  const times = useMemo(() => values.map((_, index) => now - values.length + index), [values, now])
  const last = values.slice(-RATE_OVER)
  const current = last.reduce((sum, value) => sum + value, 0) / RATE_OVER
  return (
    <section className="card figures" aria-label={t.total}>
      <div>
        <div className="number" data-figure="total" data-value={total ?? ''}>
          {total === undefined ? '–' : number(total)}
        </div>
        <div className="label">{t.total}</div>
      </div>
      {seconds !== undefined && (
        <>
          <div>
            <div className="number">{total === undefined ? '–' : short(current)}</div>
            <div className="label">{t.perSecond}</div>
          </div>
          <Plot times={times} values={values} height={110} label={t.rateOverTime} format={short} />
        </>
      )}
    </section>
  )
})
