// What processes cost: CPU seconds of whole process groups, from /proc.
import { readdir, readFile } from 'node:fs/promises'

/** Linux counts for user programs in hundredths of a second, whatever the kernel's own clock (man 5 proc). */
const TICKS_PER_SECOND = 100

/**
 * The CPU seconds so far of each process group, children that ended and were waited for included. Undefined where
 * there is no /proc. What local/processes.ts starts leads a group with its workers.
 */
export async function readGroupCpu(leaders: readonly number[]): Promise<Map<number, number> | undefined> {
  const seconds = new Map(leaders.map((pid) => [pid, 0]))
  const entries = await readdir('/proc').catch(() => undefined)
  if (!entries?.includes('self')) return undefined
  const pids = entries.filter((name) => /^\d+$/.test(name))
  // A process may end between the two readings.
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  for (const stat of stats) {
    const { group, cpuSeconds } = parseStat(stat)
    if (seconds.has(group)) seconds.set(group, seconds.get(group)! + cpuSeconds)
  }
  return seconds
}

/** The name in brackets may hold spaces and brackets itself; numbers are counted behind it. */
export function parseStat(stat: string): { group: number; cpuSeconds: number } {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [, , group = Number.NaN] = fields
  const ticks = fields.slice(11, 15).reduce((sum, count) => sum + count, 0)
  return { group, cpuSeconds: ticks / TICKS_PER_SECOND }
}
