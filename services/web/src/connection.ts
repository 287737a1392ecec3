// A WebSocket that comes back by itself, and says how old its data is.
import { useEffect, useState, useSyncExternalStore } from 'react'

/** The server says something each second; data that is older than this is called old. */
const OLD_MS = 3_000
/** A connection can die without a word: after this long it is left behind. */
const SILENCE_MS = 6_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 5_000
const LOOK_MS = 500

export type Phase = 'connecting' | 'live' | 'old' | 'lost'
export type Held<S> = {
  state: S | undefined
  phase: Phase
  /** Of the data, in whole seconds; undefined before there was any. */
  ageSeconds: number | undefined
}

export type Connection<S> = {
  held: () => Held<S>
  subscribe: (changed: () => void) => () => void
  close: () => void
}

type Message = { stale?: true; since?: string; at: string }

/** `merge` makes the next state of the last one and a message. */
export function connect<S>(
  path: string,
  merge: (state: S | undefined, message: never) => S | undefined,
): Connection<S> {
  const listeners = new Set<() => void>()
  let socket: WebSocket | undefined
  let held: Held<S> = { state: undefined, phase: 'connecting', ageSeconds: undefined }
  let freshAt: number | undefined
  let heardAt = 0
  let failures = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  let closed = false

  const show = (state = held.state) => {
    const ageMs = freshAt === undefined ? undefined : performance.now() - freshAt
    const open = socket?.readyState === WebSocket.OPEN
    const phase: Phase =
      ageMs === undefined
        ? failures > 0
          ? 'lost'
          : 'connecting'
        : ageMs < OLD_MS && open
          ? 'live'
          : open
            ? 'old'
            : 'lost'
    const ageSeconds = ageMs === undefined ? undefined : Math.floor(ageMs / 1_000)
    if (state === held.state && phase === held.phase && (phase === 'live' || ageSeconds === held.ageSeconds))
      return
    held = { state, phase, ageSeconds }
    for (const listener of listeners) listener()
  }
  const open = () => {
    clearTimeout(retry)
    const address = new URL(path, location.href)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    const own = new WebSocket(address)
    socket = own
    heardAt = performance.now()
    own.onmessage = ({ data }: MessageEvent<string>) => {
      heardAt = performance.now()
      failures = 0
      const message = JSON.parse(data) as Message
      if (message.stale) {
        // The server tells since when; between reads that is a moment after the data.
        freshAt = Math.min(
          freshAt ?? Infinity,
          heardAt - Math.max(0, Date.parse(message.at) - Date.parse(message.since ?? message.at)),
        )
        show()
      } else {
        freshAt = heardAt
        show(merge(held.state, message as never))
      }
    }
    own.onclose = () => {
      if (socket !== own) return
      socket = undefined
      again()
    }
  }
  const again = () => {
    if (closed) return
    const most = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS)
    retry = setTimeout(open, most * (0.5 + Math.random() / 2))
    show()
  }
  const look = setInterval(() => {
    if (socket && performance.now() - heardAt > SILENCE_MS) {
      const dead = socket
      dead.onclose = dead.onmessage = null
      dead.close()
      socket = undefined
      again()
    }
    show()
  }, LOOK_MS)
  const hurry = () => {
    if (!socket && !closed && document.visibilityState === 'visible') open()
  }
  addEventListener('online', hurry)
  document.addEventListener('visibilitychange', hurry)
  open()

  return {
    held: () => held,
    subscribe(changed) {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    close() {
      closed = true
      clearTimeout(retry)
      clearInterval(look)
      removeEventListener('online', hurry)
      document.removeEventListener('visibilitychange', hurry)
      if (socket) {
        socket.onclose = socket.onmessage = null
        socket.close()
      }
      socket = undefined
    },
  }
}

const unconnected: Held<never> = { state: undefined, phase: 'connecting', ageSeconds: undefined }
const nothing = () => unconnected
const never = () => () => {}

/** What a connection holds, for as long as the component is there. */
export function useConnection<S>(
  path: string,
  merge: (state: S | undefined, message: never) => S | undefined,
): Held<S> {
  const [connection, setConnection] = useState<Connection<S>>()
  useEffect(() => {
    const own = connect(path, merge)
    setConnection(own)
    return () => own.close()
  }, [path, merge])
  return useSyncExternalStore<Held<S>>(connection?.subscribe ?? never, connection?.held ?? nothing)
}
