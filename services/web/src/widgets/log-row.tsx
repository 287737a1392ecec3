// One event of the log, on one line.
import type { Entry } from '../log-entries.ts'
import { valueText } from './latest.tsx'

export type RowProps = {
  entry: Entry
  index: number
  start: number
  selected: boolean
  clock: (time: string) => string
  onOpen: () => void
}

export function LogRow({ entry, index, start, selected, clock, onOpen }: RowProps) {
  const { id, time, route, log: _log, ...fields } = entry
  return (
    <div
      id={`entry-${index}`}
      role="option"
      aria-selected={selected}
      aria-posinset={index + 1}
      className="entry"
      style={{ transform: `translateY(${start}px)` }}
      onClick={onOpen}
    >
      <span className="time">{clock(time)}</span> <span className="route">{route}</span>{' '}
      <span className="id">{id}</span>{' '}
      {Object.entries(fields).map(([name, value]) => (
        <span key={name}>
          <span className="name">{name}=</span>
          {valueText(value)}{' '}
        </span>
      ))}
    </div>
  )
}
