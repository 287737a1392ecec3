// Requests to the query service, with its own words for what went wrong.
import { createContext, useCallback, useContext, useEffect, useState } from 'react'
import type { SchemaShape } from '../../lib/page-api.ts'

const DEADLINE_MS = 12_000

/** Gets JSON. Throws with the server's reason. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, { headers: { Accept: 'application/json' } }, signal)
}

/** Posts JSON. Throws with the server's reason. */
export async function postJson<T>(path: string, value: unknown, signal?: AbortSignal): Promise<T> {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' }
  return request<T>(path, { method: 'POST', headers, body: JSON.stringify(value) }, signal)
}

async function request<T>(path: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  const response = await fetch(path, {
    ...init,
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  })
  const body = (await response.json().catch(() => ({}))) as T & { error?: string }
  if (!response.ok) throw new Error(body.error ?? `${response.status}`)
  return body
}

export type Asked<T> = { value?: T; error?: Error; again: () => void }

/** What a path gives; asked once, and again when `again` is called. */
export function useJson<T>(path: string): Asked<T> {
  const [answer, setAnswer] = useState<{ value?: T; error?: Error }>({})
  const [times, setTimes] = useState(0)
  useEffect(() => {
    const ended = new AbortController()
    getJson<T>(path, ended.signal).then(
      (value) => setAnswer({ value }),
      (error: Error) => {
        if (!ended.signal.aborted) setAnswer({ error })
      },
    )
    return () => ended.abort()
  }, [path, times])
  const again = useCallback(() => {
    setAnswer({})
    setTimes((count) => count + 1)
  }, [])
  return { ...answer, again }
}

/** The scenario, asked once for all pages. */
export const SchemaContext = createContext<Asked<SchemaShape>>({ again: () => {} })

export const useSchema = () => useContext(SchemaContext)
