// A server that may be killed and started again on the same port and data.
import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { startProcess, type Exit, type ProcessOptions } from './processes.ts'

export type Server = {
  /** What its clients take: a broker list for Kafka, else a URL. */
  url: string
  port: number
  /** Name and version, "Redis 7.0.15". */
  engine: string
  /** Of the process that runs now. */
  readonly pid: number
  readonly exited: Promise<Exit>
  /** SIGTERM, after 10 s SIGKILL. Returns when it has ended. */
  stop(): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Stops it if it runs, starts it again on the same port and data, returns when it is ready. */
  restart(): Promise<void>
}

export type ServerOptions = {
  /** Everything the server writes goes below this folder; what is there is used again. */
  dir: string
  /** A free one when absent. */
  port?: number
  progress?: (line: string) => void
}

/** Starts it, asks it for its engine and version, and keeps its output in a file. */
export async function startServer(options: {
  process: Omit<ProcessOptions, 'log'>
  logFile: string
  url: string
  port: number
  readEngine: () => Promise<string>
}): Promise<Server> {
  const { url, port, readEngine } = options
  mkdirSync(dirname(options.logFile), { recursive: true })
  // These servers say a few lines at start and at trouble; synchronous, so that none is lost when we are killed.
  const log = (line: string) => appendFileSync(options.logFile, `${line}\n`)
  const start = () => startProcess({ ...options.process, log })
  let current = await start()
  let engine
  try {
    engine = await readEngine()
  } catch (cause) {
    await current.stop()
    throw cause
  }
  return {
    url,
    port,
    engine,
    get pid() {
      return current.pid
    },
    get exited() {
      return current.exited
    },
    stop: () => current.stop(),
    kill: (signal) => current.kill(signal),
    restart: async () => {
      await current.stop()
      current = await start()
    },
  }
}
