// The pages for the orchestrator and for Prometheus: /healthz, /readyz, /metrics.
import * as uWS from 'uWebSockets.js'
import type { Registry } from 'prom-client'
import { hostOf, portOf } from './endpoint.ts'

export type Admin = {
  /** Undefined when traffic may come, else why not. Never asks a store: it reports what is known. */
  notReady: () => string | undefined
  metrics: Registry
}

/** Adds the three pages to an app. Liveness answers 200 as long as the event loop turns. */
export function addAdminPages(app: uWS.TemplatedApp, { notReady, metrics }: Admin): void {
  app.get('/healthz', (res) => {
    res.writeHeader('Content-Type', 'text/plain').end('ok\n')
  })
  app.get('/readyz', (res) => {
    const reason = notReady()
    res.writeStatus(reason === undefined ? '200 OK' : '503 Service Unavailable')
    res.writeHeader('Content-Type', 'text/plain').end(`${reason ?? 'ready'}\n`)
  })
  app.get('/metrics', (res) => {
    let gone = false
    res.onAborted(() => (gone = true))
    metrics.metrics().then(
      (text) => {
        if (!gone) res.cork(() => res.writeHeader('Content-Type', metrics.contentType).end(text))
      },
      () => {
        if (!gone) res.cork(() => res.writeStatus('500 Internal Server Error').end())
      },
    )
  })
}

export type Listening = {
  /** The real port, also when 0 was asked. */ port: number
  /** No new connections. */ stopAccepting(): void
}

/** Without it two programs could share a port without a word (LIBUS_LISTEN_EXCLUSIVE_PORT of uSockets). */
const EXCLUSIVE_PORT = 1

/** Four arguments are in uWebSockets.js, but not in its types. */
type ListenOnHost = (
  host: string,
  port: number,
  options: number,
  done: (socket: uWS.us_listen_socket | false) => void,
) => void

/** Listens on `host:port`; rejects when the port is taken. */
export function listen(app: uWS.TemplatedApp, host: string): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const listenOnHost = app.listen.bind(app) as unknown as ListenOnHost
    listenOnHost(hostOf(host), portOf(host), EXCLUSIVE_PORT, (socket) => {
      if (!socket) return reject(new Error(`cannot listen on ${host}: the port is taken or not allowed`))
      resolve({
        port: uWS.us_socket_local_port(socket),
        stopAccepting: () => uWS.us_listen_socket_close(socket),
      })
    })
  })
}
