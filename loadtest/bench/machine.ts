// On what and of what the bench ran, for its report.
import { cpus, loadavg, release, totalmem } from 'node:os'
import { runProgram } from './run-program.ts'

export function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
    /** Of the last minute, before the bench began: what else was running. */
    loadAverage: loadavg()[0]!,
  }
}

const GIT_DEADLINE_MS = 10_000

/** The commit, with `+` behind it when files differ from it; undefined outside of a git tree. */
export async function readCommit(folder: string): Promise<string | undefined> {
  try {
    const git = (...args: string[]) => runProgram('git', ['-C', folder, ...args], GIT_DEADLINE_MS)
    const [head, changes] = await Promise.all([git('rev-parse', 'HEAD'), git('status', '--porcelain')])
    if (head.code !== 0) return undefined
    return head.stdout.trim() + (changes.stdout.trim() === '' ? '' : '+')
  } catch {
    return undefined // no git here: the report then names no commit
  }
}
