// One turn of a route: load, then a wait until every store has what was accepted; what it cost, and what was lost.
import { setTimeout as pause } from 'node:timers/promises'
import { readGroupCpu } from '../bench/cpu.ts'
import { startSampler, type Sampler, type Seen, type Store } from '../bench/sampler.ts'
import type { LoadReport } from '../report.ts'
import type { Duel } from './duel.ts'
import type { Field } from './field.ts'
import type { RunningRoute } from './routes.ts'
import type { Load } from './sender.ts'
import type { Counts, Stores } from './stores.ts'

export type Turn = {
  report: LoadReport
  /** What the log has beyond what it had before. */
  events: number
  /** Accepted, and not there when nothing moved any more. */
  lost: number
  /** From the last answer until every store had all. */
  drainMs: number
  /** CPU seconds until then: of the contestant's own processes, and of these with all behind them. */
  cpu: { own: number; all: number } | undefined
  seen: Record<Store, Seen> | undefined
}

const POLL_MS = 20
/** A channel may have lost some: when nothing has moved for so long, it has. */
const STILL_MS = 1_500
const DRAIN_DEADLINE_MS = 30_000

export async function takeTurn(
  duel: Duel,
  { stores, behind }: Field,
  route: RunningRoute,
  load: Omit<Load, 'url'> & { sampled?: boolean },
): Promise<Turn> {
  const { sampled = false, ...asked } = load
  const own = route.processes.map(({ pid }) => pid)
  const before = await stores.count()
  const cpuBefore = await readGroupCpu([...own, ...behind])
  const { rows } = duel
  const sampler = sampled
    ? startSampler({ intake: new URL(route.url), rows, fences: stores.fences })
    : undefined
  const seen = sampler?.record()
  try {
    const report = await duel.sender({ ...asked, url: route.url })
    sampler?.pause()
    const began = performance.now()
    const sampledCount = () => sampler?.counts().accepted ?? 0
    const counts = await waitUntilStill(
      stores,
      () => {
        sampler?.check()
        return report.accepted + sampledCount()
      },
      before,
      () => sampler?.answered() ?? true,
    )
    const drainMs = performance.now() - began
    const cpuAfter = await readGroupCpu([...own, ...behind])
    await untilSeen(sampler)
    const events = counts.log - before.log
    const least = Math.min(events, counts.redis - before.redis, counts.mongodb - before.mongodb)
    const used = (pids: readonly number[]) =>
      pids.reduce((sum, pid) => sum + cpuAfter!.get(pid)! - cpuBefore!.get(pid)!, 0)
    return {
      report,
      events,
      lost: Math.max(0, report.accepted + sampledCount() - least),
      drainMs,
      cpu: cpuBefore && cpuAfter && { own: used(own), all: used([...own, ...behind]) },
      seen,
    }
  } finally {
    await sampler?.stop()
  }
}

/** Waits until log and stores have what was accepted and hold the same, or nothing has moved for a while. */
async function waitUntilStill(
  stores: Stores,
  accepted: () => number,
  before: Counts,
  answered: () => boolean,
): Promise<Counts> {
  const deadline = performance.now() + DRAIN_DEADLINE_MS
  let movedAt = performance.now()
  let last = before
  for (;;) {
    const counts = await stores.count()
    const now = performance.now()
    if (counts.log !== last.log || counts.redis !== last.redis || counts.mongodb !== last.mongodb)
      movedAt = now
    last = counts
    const [log, redis, mongodb] = [
      counts.log - before.log,
      counts.redis - before.redis,
      counts.mongodb - before.mongodb,
    ]
    if (answered() && log >= accepted() && redis >= log && mongodb >= log) return counts
    if (answered() && now - movedAt > STILL_MS) return counts
    if (now > deadline)
      throw new Error(
        `after ${DRAIN_DEADLINE_MS} ms stores still move: log ${log}, Redis ${redis}, MongoDB ${mongodb}`,
      )
    await pause(POLL_MS)
  }
}

async function untilSeen(sampler: Sampler | undefined): Promise<void> {
  const deadline = performance.now() + STILL_MS
  for (;;) {
    const { redis, mongodb } = sampler?.behindMs() ?? { redis: 0, mongodb: 0 }
    if (Math.max(redis, mongodb) === 0 || performance.now() > deadline) return
    await pause(POLL_MS)
  }
}
