// How an HTTP server leaves and refuses nobody. A client's connection lives longer than any rolling update, and a request
// that meets a closed one is lost to it. So a server that leaves goes on answering, and each answer closes its connection.
import { setTimeout as pause } from 'node:timers/promises'
import type { TemplatedApp } from 'uWebSockets.js'

const CHECK_MS = 10

export type Departure = {
  /** Whether answers must close their connection (`res.end(body, true)`). */
  leaving: () => boolean
  /**
   * Resolves when all connections are closed, or the rest was silent for `silentMs` and can be closed. A request may
   * cross that close, within one round trip: with 64 connections, a second, and 0.2 ms, in one departure of 200 at most.
   */
  leave: (silentMs: number) => Promise<void>
  /** To be called when a WebSocket has closed: uWebSockets.js counts it when it opens, and no more. */
  socketClosed: () => void
}

/** Counts an app's connections. Comes before its pages. */
export function prepareDeparture(app: TemplatedApp): Departure {
  let leaving = false
  let connections = 0
  app.filter((_res, change) => {
    connections += change
  })
  return {
    leaving: () => leaving,
    socketClosed: () => connections--,
    async leave(silentMs) {
      leaving = true
      const until = performance.now() + silentMs
      while (connections > 0 && performance.now() < until) await pause(CHECK_MS)
    },
  }
}
