// Runs a program that ends by itself, and keeps what it wrote.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export type Ended = { code: number | null; stdout: string; stderr: string }

/** Resolves when it has ended, whatever its exit code. Rejects when it cannot be run or is not done in time. */
export async function runProgram(command: string, args: string[], deadlineMs: number): Promise<Ended> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = Promise.all([text(child.stdout), text(child.stderr)])
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, deadlineMs)
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    if (late) throw new Error(`${command} was not done in ${deadlineMs} ms`)
    const [stdout, stderr] = await output
    return { code, stdout, stderr }
  } finally {
    clearTimeout(timer)
    process.off('exit', kill)
  }
}

/** The last lines of what a program wrote, for an error. */
export function lastLines({ stdout, stderr }: Ended): string {
  return `${stdout}\n${stderr}`.trim().split('\n').slice(-5).join('\n  ')
}
