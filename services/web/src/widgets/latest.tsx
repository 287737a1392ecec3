// The newest events as they are in Redis.
import { memo } from 'react'
import { useSpeech } from '../texts.ts'
import { Empty } from './card.tsx'
import { Skeleton } from './ranking.tsx'

export type LatestProps = { title: string; events: Record<string, unknown>[] | undefined; note?: string }

export const Latest = memo(function Latest({ title, events, note }: LatestProps) {
  return (
    <section className="card">
      <h2>
        {title}
        {note !== undefined && <small>{note}</small>}
      </h2>
      {events === undefined ? (
        <Skeleton rows={6} />
      ) : events.length === 0 ? (
        <Empty />
      ) : (
        <ul className="events">
          {events.map((event) => (
            <EventItem key={String(event['id'])} event={event} />
          ))}
        </ul>
      )}
    </section>
  )
})

const EventItem = memo(
  function EventItem({ event }: { event: Record<string, unknown> }) {
    const { clock } = useSpeech()
    const { id, time, route, ...fields } = event
    return (
      <li>
        <div className="about">
          <time dateTime={String(time)}>{clock(String(time))}</time>
          <span>{String(route)}</span>
          <a href={`/events/${encodeURIComponent(String(id))}`}>{String(id)}</a>
        </div>
        <dl>
          {Object.entries(fields).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{valueText(value)}</dd>
            </div>
          ))}
        </dl>
      </li>
    )
  },
  // An event does not change; the list comes anew with each message.
  (a, b) => a.event['id'] === b.event['id'],
)

export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
