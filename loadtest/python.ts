// Python environments of the project's own, for tools that come as Python packages.
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'

/** Python, its venv module or a package is missing or fails; the message holds what it said. */
export class PythonError extends Error {}

const INSTALL_TIMEOUT_MS = 10 * 60_000

/** Makes the environment in `folder` on first use and whenever the requirements have changed. Throws PythonError. */
export async function installVenv(folder: string, requirements: string, signal?: AbortSignal): Promise<void> {
  // Written last: the environment is whole and has these packages.
  const stamp = join(folder, 'installed.txt')
  const installed = await readFile(stamp, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (installed === requirements) return
  const wanted = requirements.trim().split('\n')
  process.stderr.write(`installing ${wanted.join(', ')} into .local/${basename(folder)}, once …\n`)
  const limits = { timeoutMs: INSTALL_TIMEOUT_MS, ...(signal && { signal }) }
  await runPython('python3', ['-m', 'venv', '--clear', folder], limits)
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted]
  await runPython(join(folder, 'bin/python'), pip, limits)
  await writeFile(stamp, requirements)
}

type PythonRun = {
  timeoutMs: number
  okCodes?: number[]
  signal?: AbortSignal
  onLine?: (line: string) => void
}

/** Runs one of its programs to the end. Throws PythonError. */
export async function runPython(command: string, args: string[], run: PythonRun): Promise<void> {
  run.signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Its own process group: a Ctrl-C on the terminal reaches it once, through us.
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }, // no __pycache__ beside traffic.py
  })
  const interrupt = () => child.kill('SIGINT')
  const deadline = setTimeout(() => child.kill('SIGKILL'), run.timeoutMs)
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  createInterface({ input: child.stdout }).on('line', (line) => run.onLine?.(line))
  run.signal?.addEventListener('abort', interrupt)
  child.on('error', (cause) =>
    reject(new PythonError(`${command} does not start (${cause.message})`, { cause })),
  )
  child.on('close', (code, signal) => {
    if ((run.okCodes ?? [0]).includes(code ?? -1)) resolve()
    else
      reject(new PythonError(`${command} ended with ${signal ?? code}: ${said.trim() || 'it said nothing'}`))
  })
  try {
    await promise
  } finally {
    clearTimeout(deadline)
    run.signal?.removeEventListener('abort', interrupt)
  }
}
