// The log as a terminal shows it: newest first, following, filtered, and as far back as one scrolls.
import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { useConnection } from '../connection.ts'
import { append, MOST_ENTRIES, prepend, type Entries, type Entry, type Page } from '../log-entries.ts'
import { mergeLive } from '../merge.ts'
import { getJson, useSchema } from '../requests.ts'
import { useSpeech } from '../texts.ts'
import { EventDetail } from '../widgets/event-detail.tsx'
import { Failed } from '../widgets/card.tsx'
import { LogFilter, type Filter } from '../widgets/log-filter.tsx'
import { LogRow } from '../widgets/log-row.tsx'
import { useStatus } from '../widgets/status.tsx'

const FIRST_PAGE = 200
/** A page costs a store without an index the same however long it is, so those further back are long. */
const LATER_PAGE = 5_000
const LEAST_PAUSE_MS = 1_000
const PAUSE_FACTOR = 4
const ROW_PX = 26
/** The next page is asked for when so many rows are left. */
const AHEAD = 400

const none: Entries = { list: [], next: null }

const pathOf = ({ field, value }: Filter, limit: number, after?: string | null) => {
  const query = new URLSearchParams({ limit: String(limit) })
  if (field) query.set(field, value)
  if (after) query.set('after', after)
  return `/logs?${query}`
}

export function LogsPage() {
  const { t, number, clock } = useSpeech()
  const held = useConnection('/live', mergeLive)
  useStatus(held)
  const schema = useSchema()
  const [filter, setFilter] = useState<Filter>({ field: '', value: '' })
  const [entries, setEntries] = useState<Entries>()
  const [error, setError] = useState<string>()
  const [follow, setFollow] = useState(true)
  const [paused, setPaused] = useState(false)
  const [selected, setSelected] = useState(0)
  const [opened, setOpened] = useState<Entry>()
  const box = useRef<HTMLDivElement>(null)
  const asking = useRef(false)
  const seenTotal = useRef<number>(undefined)
  const [turn, setTurn] = useState(0)
  const total = held.state?.total
  const following = follow && !paused

  const load = useCallback(
    async (how: 'newest' | 'older') => {
      if (asking.current) return
      asking.current = true
      const began = performance.now()
      try {
        if (how === 'newest') {
          seenTotal.current = total
          const page = await getJson<Page>(pathOf(filter, FIRST_PAGE))
          setEntries((known) => prepend(known ?? none, page))
        } else {
          const page = await getJson<Page>(pathOf(filter, LATER_PAGE, entries?.next))
          setEntries((known) => append(known ?? none, page))
        }
        setError(undefined)
      } catch (cause) {
        setError((cause as Error).message)
      }
      const pauseMs =
        how === 'older' ? 0 : Math.max(LEAST_PAUSE_MS, (performance.now() - began) * PAUSE_FACTOR)
      setTimeout(() => {
        asking.current = false
        setTurn((count) => count + 1)
      }, pauseMs)
    },
    [filter, entries?.next, total],
  )

  useEffect(() => {
    const fresh = entries === undefined
    if (fresh || (following && total !== seenTotal.current)) void load('newest')
  }, [entries, following, total, turn, load])

  const list = entries?.list ?? []
  const rows = useVirtualizer({
    count: list.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
    getItemKey: (index) => list[index]!.id,
  })
  const items = rows.getVirtualItems()
  const lastShown = items.at(-1)?.index ?? 0
  const full = list.length >= MOST_ENTRIES
  useEffect(() => {
    if (entries?.next && !full && lastShown > list.length - AHEAD && error === undefined) void load('older')
  }, [lastShown, list.length, entries?.next, full, error, load, turn])
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = 0
  }, [following, list[0]?.id])

  const restart = (next: Filter) => {
    setFilter(next)
    setEntries(undefined)
    setOpened(undefined)
    setError(undefined)
    setSelected(0)
  }
  const toNewest = () => {
    seenTotal.current = undefined
    setPaused(false)
    setFollow(true)
  }
  const move = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? ROW_PX) / ROW_PX) - 1)
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    }
    const step = steps[event.key]
    if (event.key === 'Escape') setOpened(undefined)
    else if (event.key === 'Enter' || event.key === ' ') setOpened(list[selected])
    else if (step !== undefined) {
      const next = Math.max(0, Math.min(list.length - 1, selected + step))
      setSelected(next)
      rows.scrollToIndex(next)
    } else return
    event.preventDefault()
  }
  const newer = Math.max(0, (total ?? 0) - (seenTotal.current ?? total ?? 0))
  const active = list[selected]

  return (
    <div className="page logs">
      <div className="tools">
        <h1>{t.logs.title}</h1>
        <label className="toggle">
          <input type="checkbox" checked={follow} onChange={() => (follow ? setFollow(false) : toNewest())} />
          {t.logs.follow}
        </label>
        <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {paused ? t.logs.resume : t.logs.pause}
        </button>
        <LogFilter fields={schema.value?.fields.map(({ name }) => name) ?? []} onFilter={restart} />
        <span className="quiet loaded">{t.logs.loaded(number(list.length))}</span>
        <button type="button" className="newer" disabled={following || newer === 0} onClick={toNewest}>
          {newer > 0 && !following ? t.logs.newer(number(newer)) : t.logs.newest}
        </button>
      </div>
      {error !== undefined && (
        <Failed
          reason={error}
          again={() => {
            setError(undefined)
            if (entries === undefined) void load('newest')
          }}
        />
      )}
      <div className="terminal-and-detail" data-open={opened !== undefined || undefined}>
        <div
          ref={box}
          className="terminal"
          role="listbox"
          tabIndex={0}
          aria-label={`${t.logs.entries}. ${t.logs.hint}`}
          aria-activedescendant={
            active && items.some(({ index }) => index === selected) ? `entry-${selected}` : undefined
          }
          onKeyDown={move}
          onScroll={() => {
            if ((box.current?.scrollTop ?? 0) > ROW_PX && follow) setFollow(false)
          }}
        >
          <div role="presentation" style={{ height: rows.getTotalSize() }}>
            {items.map(({ index, start, key }) => (
              <LogRow
                key={key}
                entry={list[index]!}
                index={index}
                start={start}
                selected={index === selected}
                clock={clock}
                onOpen={() => {
                  setSelected(index)
                  setOpened(list[index])
                }}
              />
            ))}
          </div>
          <p className="end" role="presentation">
            {entries === undefined
              ? t.loading
              : list.length === 0
                ? t.logs.none
                : full
                  ? t.logs.most
                  : entries.next === null
                    ? t.logs.end
                    : t.loading}
          </p>
        </div>
        {opened && (
          <EventDetail entry={opened} onClose={() => (setOpened(undefined), box.current?.focus())} />
        )}
      </div>
    </div>
  )
}
