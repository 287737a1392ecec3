// Runs a program to its end: its lines are shown, or its output is given back.
import { execFile } from 'node:child_process'
import { startProcess } from '../../local/processes.ts'

export type CommandOptions = {
  env?: Record<string, string>
  /** Ends the program at once when it aborts. */
  signal?: AbortSignal
  deadlineMs: number
  /** Gets each line. */
  log: (line: string) => void
}

/** Returns the exit code; throws when it was ended by the signal or was too late. */
export async function show(command: string, args: string[], options: CommandOptions): Promise<number> {
  const { env = {}, signal, deadlineMs, log } = options
  signal?.throwIfAborted()
  const started = await startProcess({ name: command, command, args, env, log, deadlineMs })
  const ending = AbortSignal.any([AbortSignal.timeout(deadlineMs), ...(signal ? [signal] : [])])
  const end = () => void started.stop()
  ending.addEventListener('abort', end)
  const exit = await started.exited
  ending.removeEventListener('abort', end)
  signal?.throwIfAborted()
  if (ending.aborted) throw new Error(`${command} ${args.join(' ')}: not done within ${deadlineMs / 1_000} s`)
  return exit.code ?? 1
}

export type Answer = { code: number; stdout: string; stderr: string }

/** What it says; a failure is an answer, too. */
export function ask(
  command: string,
  args: string[],
  options: { env?: Record<string, string>; input?: string; deadlineMs: number },
): Promise<Answer> {
  const { env, input, deadlineMs } = options
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { env: { ...process.env, ...env }, timeout: deadlineMs, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (!error) return resolve({ code: 0, stdout, stderr })
        if (typeof error.code === 'number') return resolve({ code: error.code, stdout, stderr })
        const why = error.killed ? `no answer within ${deadlineMs / 1_000} s` : (error.signal ?? error.code)
        reject(new Error(`${command} ${args.join(' ').slice(0, 200)}: ${why}`, { cause: error }))
      },
    )
    // It may end without having read all; its exit code says why.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
