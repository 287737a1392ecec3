// One event as it is stored, and where it is.
import { useEffect, useRef, useState } from 'react'
import type { Entry } from '../log-entries.ts'
import { getJson } from '../requests.ts'
import { useSpeech } from '../texts.ts'
import { isThere, type Receipt } from './event-way.tsx'
import { storeNames } from './graph.tsx'

export function EventDetail({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const { t } = useSpeech()
  const [receipt, setReceipt] = useState<Receipt>()
  const [error, setError] = useState<string>()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    heading.current?.focus()
    const ended = new AbortController()
    setReceipt(undefined)
    setError(undefined)
    getJson<Receipt>(`/events/${encodeURIComponent(entry.id)}`, ended.signal).then(
      setReceipt,
      (cause: Error) => {
        if (!ended.signal.aborted) setError(cause.message)
      },
    )
    return () => ended.abort()
  }, [entry.id])
  return (
    <section
      className="detail card"
      aria-label={`${t.logs.detail} ${entry.id}`}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <div className="row">
        <h2 ref={heading} tabIndex={-1}>
          {entry.id}
        </h2>
        <button type="button" onClick={onClose}>
          {t.logs.close}
        </button>
      </div>
      <h3>{t.logs.receipt}</h3>
      <dl className="receipt">
        {receipt?.kafka !== undefined && (
          <Place name={t.logs.kafka} there={isThere(receipt.kafka)} text={placeText(receipt.kafka, t)} />
        )}
        <Place
          name={storeNames['mongodb']!}
          there={isThere(receipt?.mongodb)}
          text={receipt ? textOf(receipt.mongodb, t.logs.storedIn, t.logs.notYet) : t.loading}
        />
        <Place
          name={storeNames['redis']!}
          there={receipt !== undefined && 'counted' in receipt.redis && receipt.redis.counted}
          text={receipt ? redisText(receipt.redis, t) : t.loading}
        />
      </dl>
      {error !== undefined && <p className="wrong">{t.failed(error)}</p>}
      <h3>{t.logs.stored}</h3>
      <pre tabIndex={0}>{JSON.stringify(entry, null, 2)}</pre>
    </section>
  )
}

function Place({ name, there, text }: { name: string; there: boolean; text: string }) {
  return (
    <div data-there={there || undefined}>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  )
}

type Texts = ReturnType<typeof useSpeech>['t']

function placeText(place: Receipt['kafka'], t: Texts): string {
  if (!place) return t.logs.notYet
  return 'error' in place ? place.error : t.logs.place(place.topic, place.partition, place.offset)
}

function textOf(part: object | null, there: string, missing: string): string {
  if (part === null) return missing
  return isThere(part) ? there : String((part as { error: string }).error)
}

function redisText(redis: Receipt['redis'], t: Texts): string {
  if ('error' in redis) return redis.error
  return redis.counted ? t.logs.countedIn : t.logs.notYet
}
