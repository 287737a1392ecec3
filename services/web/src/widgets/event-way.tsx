// The way of an event that was sent by hand: asked for until every store has it.
import { useEffect, useState } from 'react'
import { getJson } from '../requests.ts'
import { useSpeech } from '../texts.ts'
import type { Sent } from './send-form.tsx'

const PAUSE_MS = 100
const LATER_PAUSE_MS = 1_000
/** After this many looks it is not about to come. */
const QUICK_LOOKS = 50
const MOST_LOOKS = 200

type Failure = { error: string }
export type Receipt = {
  id: string
  /** Absent where MongoDB is the log. */
  kafka?: { topic: string; partition: number; offset: number } | Failure | null
  mongodb: Record<string, unknown> | Failure | null
  redis: { counted: boolean } | Failure
}

export const isThere = (part: object | null | undefined): boolean =>
  part !== null && part !== undefined && !(Object.keys(part).length === 1 && 'error' in part)

export type Way = Record<'accepted' | 'log' | 'mongodb' | 'redis', number | undefined>

/** After how many milliseconds it was seen where; undefined where it is not yet. */
export function useWay(sent: Sent | undefined): Way {
  const [way, setWay] = useState<Way & { id?: string }>(nowhere)
  useEffect(() => {
    if (!sent) return
    const { id, at, tookMs } = sent
    let known: Way = { ...nowhere, accepted: tookMs }
    setWay({ ...known, id })
    const ended = new AbortController()
    let timer: ReturnType<typeof setTimeout>
    let looks = 0
    const look = async () => {
      const receipt = await getJson<Receipt>(`/events/${encodeURIComponent(id)}`, ended.signal).catch(
        () => undefined,
      )
      if (ended.signal.aborted) return
      const now = Date.now() - at
      if (receipt) {
        const stored = isThere(receipt.mongodb)
        known = {
          ...known,
          log:
            known.log ?? (isThere(receipt.kafka) || ('kafka' in receipt ? false : stored) ? now : undefined),
          mongodb: known.mongodb ?? (stored ? now : undefined),
          redis: known.redis ?? ('counted' in receipt.redis && receipt.redis.counted ? now : undefined),
        }
        setWay({ ...known, id })
      }
      const complete = known.log !== undefined && known.mongodb !== undefined && known.redis !== undefined
      if (!complete && ++looks < MOST_LOOKS)
        timer = setTimeout(() => void look(), looks < QUICK_LOOKS ? PAUSE_MS : LATER_PAUSE_MS)
    }
    void look()
    return () => {
      clearTimeout(timer)
      ended.abort()
    }
  }, [sent])
  return way
}

const nowhere: Way = { accepted: undefined, log: undefined, mongodb: undefined, redis: undefined }

export function WayList({ sent, way, hasKafka }: { sent: Sent | undefined; way: Way; hasKafka: boolean }) {
  const { t, number } = useSpeech()
  if (!sent) return <p className="quiet">{t.way.waiting}</p>
  const stages = (['accepted', 'log', 'mongodb', 'redis'] as const).filter(
    (stage) => hasKafka || stage !== 'log',
  )
  return (
    <ol className="way" aria-live="polite">
      {stages.map((stage) => (
        <li key={stage} data-stage={stage} data-done={way[stage] !== undefined || undefined}>
          <span>{t.way[stage]}</span>
          <span className="count">
            {way[stage] === undefined ? t.way.pending : t.way.ms(number(way[stage]))}
          </span>
        </li>
      ))}
    </ol>
  )
}
