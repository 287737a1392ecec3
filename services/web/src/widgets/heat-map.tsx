// Counts over two whole numbers, as a table whose cells are coloured.
import { memo } from 'react'
import { useSpeech } from '../texts.ts'

export type Cell = { x: number; y: number; count: number }
export type HeatMapProps = { cells: Cell[]; xLabel: string; yLabel: string }

/** Beyond it a phone has no room; the ranking beside has every value. */
const MOST = 9
const LEAST = 5

export const HeatMap = memo(function HeatMap({ cells, xLabel, yLabel }: HeatMapProps) {
  const { t, number } = useSpeech()
  const last = Math.min(MOST, Math.max(LEAST, ...cells.flatMap(({ x, y }) => [x, y])))
  const counts = new Map(cells.map(({ x, y, count }) => [`${x},${y}`, count]))
  const most = Math.max(1, ...counts.values())
  const steps = Array.from({ length: last + 1 }, (_, step) => step)
  return (
    <table className="heat">
      <caption>{t.heat(yLabel, xLabel)}</caption>
      <thead>
        <tr>
          <td />
          {steps.map((x) => (
            <th key={x} scope="col">
              {x}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {steps.map((y) => (
          <tr key={y}>
            <th scope="row">{y}</th>
            {steps.map((x) => {
              const count = counts.get(`${x},${y}`) ?? 0
              // The square root: most scores are rare, and still have to be seen.
              const step = count === 0 ? 0 : Math.max(1, Math.ceil(Math.sqrt(count / most) * 5))
              return (
                <td key={x} data-step={step}>
                  {count > 0 ? number(count) : ''}
                </td>
              )
            })}
          </tr>
        ))}
      </tbody>
    </table>
  )
})
