// What sends the load: wrk where it is on PATH, else several processes of our own sender.
import { findOnPath } from '../../local/cache.ts'
import type { Row } from '../data-file.ts'
import { createSenders } from './senders.ts'
import { createWrk } from './wrk.ts'

export type Load = { url: URL; connections: number; seconds: number }

export type LoadResult = {
  /** Answered 202. */
  accepted: number
  perSecond: number
  /** CPU seconds of the generator per second: of all its processes and threads. */
  cpu: number
}

export type Generator = {
  /** For the report: name, version, threads or processes. */
  name: string
  /** How many cores it could use at most. */
  cores: number
  /**
   * Posts row after row over all connections, each with one request under way, for so long. Rejects when a
   * request was not accepted.
   */
  run(load: Load): Promise<LoadResult>
}

/** `scratch` is a folder for its files. */
export async function createGenerator(rows: Row[], rowsFile: string, scratch: string): Promise<Generator> {
  const wrk = await findOnPath('wrk')
  return wrk === undefined ? createSenders(rowsFile, scratch) : createWrk(wrk, rows, scratch)
}
