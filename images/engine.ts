// Which program builds images on this machine.
import { spawnSync } from 'node:child_process'

const engines = ['docker', 'podman', 'buildah'] as const
export type Engine = (typeof engines)[number]

/** An engine whose daemon hangs counts as none. */
const INFO_DEADLINE_MS = 10_000

/** The first that answers `info`; else what is wrong with each. */
export function findEngine(): { engine: Engine } | { complaints: string[] } {
  const complaints: string[] = []
  for (const engine of engines) {
    const info = spawnSync(engine, ['info'], { encoding: 'utf8', timeout: INFO_DEADLINE_MS })
    if (info.status === 0) return { engine }
    const late = (info.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT'
    const lastLine = info.stderr?.trim().split('\n').at(-1)
    if (late) complaints.push(`${engine} info: no answer within ${INFO_DEADLINE_MS / 1_000} s`)
    else complaints.push(info.error ? `${engine}: not on PATH` : `${engine} info: ${lastLine}`)
  }
  return { complaints: [`one of ${engines.join(', ')} must run:`, ...complaints.map((text) => `  ${text}`)] }
}
