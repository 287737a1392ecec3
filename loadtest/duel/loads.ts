// The loads of a contest.
import type { Load } from './sender.ts'

export const CLIENTS = [4, 10, 64, 256] as const
/** What the source systems' load test does: 1,010 requests by 4 users. */
const JOB = { clients: 4, requests: 1_010 }
/** Requests a second that every route with group commit keeps up with on two cores. */
export const OPEN_RATE = 1_000
const OPEN_CLIENTS = 256
/** A load that ends by its number of requests has this long. */
const JOB_SECONDS = 20
/** How long, in seconds, and how many rounds. */
export const full = { most: 5, closedSeconds: 1, openSeconds: 3, warmUpSeconds: 2.5 }
export const quick = { most: 1, closedSeconds: 0.4, openSeconds: 1, warmUpSeconds: 0.3 }

export type Settings = typeof full
export type Kind = `c${(typeof CLIENTS)[number]}` | 'job' | 'open'
export type Shape = Omit<Load, 'url'> & { sampled?: boolean }

export function kindsOf({ closedSeconds, openSeconds }: Settings): Record<Kind, Shape> {
  const closed = (clients: number): Shape => ({ clients, seconds: closedSeconds })
  return {
    c4: closed(4),
    c10: closed(10),
    c64: closed(64),
    c256: closed(256),
    job: { ...JOB, seconds: JOB_SECONDS },
    open: {
      clients: OPEN_CLIENTS,
      rate: OPEN_RATE,
      requests: OPEN_RATE * openSeconds,
      seconds: openSeconds + 1,
      sampled: true,
    },
  }
}
