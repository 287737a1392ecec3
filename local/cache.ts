// What is fetched or built once: a folder under .local/cache per tool and per state of its inputs.
import { createHash } from 'node:crypto'
import { constants, existsSync, readdirSync } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess } from './processes.ts'

export type Progress = (line: string) => void

const cacheDir = fileURLToPath(new URL('../.local/cache', import.meta.url))
// A cold build on a slow line; the slowest seen here was 50 s.
const toolDeadlineMs = 15 * 60_000
const underway = new Map<string, Promise<string>>()

/**
 * The folder that `build` filled for these inputs; it is called only when the folder is not there yet or `isWhole`
 * says no. Builds of other inputs under the same name are removed.
 */
export function getCached(options: {
  name: string
  inputs: (string | Buffer)[]
  isWhole?: (dir: string) => boolean
  progress?: Progress | undefined
  /** For the progress line: "<title>: <doing> …". */
  title: string
  doing: string
  build: (dir: string) => Promise<void>
}): Promise<string> {
  const hash = createHash('sha256')
  for (const input of options.inputs) hash.update(input).update('\0')
  const entry = `${options.name}-${hash.digest('hex').slice(0, 12)}`
  const dir = join(cacheDir, entry)
  const running = underway.get(entry)
  if (running !== undefined) return running
  if (existsSync(dir) && options.isWhole?.(dir) !== false) return Promise.resolve(dir)
  const built = fill(dir, entry, options).finally(() => underway.delete(entry))
  underway.set(entry, built)
  return built
}

type FillOptions = Parameters<typeof getCached>[0]

async function fill(dir: string, entry: string, { name, title, doing, progress, build }: FillOptions) {
  const startedAt = Date.now()
  progress?.(`${title}: ${doing} …`)
  // Built aside and moved, so that a build that was cut off is never taken for a whole one.
  const scratch = `${dir}.${process.pid}`
  await Promise.all([dir, scratch].map((old) => rm(old, { recursive: true, force: true })))
  await mkdir(scratch, { recursive: true })
  try {
    await build(scratch)
    await rename(scratch, dir)
  } catch (cause) {
    await rm(scratch, { recursive: true, force: true })
    // Another process has moved the same thing into place in the meantime: it will do.
    if (!['ENOTEMPTY', 'EEXIST'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause
  }
  const old = readdirSync(cacheDir).filter(
    (other) => other.startsWith(`${name}-`) && !other.startsWith(entry),
  )
  await Promise.all(old.map((other) => rm(join(cacheDir, other), { recursive: true, force: true })))
  progress?.(`${title}: done after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
  return dir
}

/** Runs a build tool to its end. Throws with its last lines when it fails. */
export async function runTool(options: {
  command: string
  args: string[]
  cwd: string
  env?: Record<string, string>
}): Promise<void> {
  const { command } = options
  const lines: string[] = []
  const tool = await startProcess({
    ...options,
    name: command,
    log: (line) => lines.push(line),
    deadlineMs: 0,
  })
  const timer = setTimeout(() => tool.kill('SIGKILL'), toolDeadlineMs)
  const { code, signal } = await tool.exited
  clearTimeout(timer)
  if (code === 0) return
  const how = code === null ? signal : `exit code ${code}`
  throw new Error([`${command} ${options.args.join(' ')} failed (${how}):`, ...lines.slice(-20)].join('\n  '))
}

let lastMaven: Promise<unknown> = Promise.resolve()

/** Runs the plugins that a pom.xml binds to its first phase. One Maven at a time: two can harm a cold repository. */
export function runMaven(pomDir: string, properties: Record<string, string>): Promise<void> {
  const args = ['-q', '-B', '-ntp', '-Dstyle.color=never', 'validate']
  for (const [name, value] of Object.entries(properties)) args.push(`-D${name}=${value}`)
  // Java takes the home folder from the user database, and "?" when the user is not in it; we follow $HOME as Go
  // and npm do. mvn splits MAVEN_OPTS at spaces.
  const home = homedir()
  const mavenOpts = process.env['MAVEN_OPTS'] ?? ''
  const env: Record<string, string> = /\s/.test(home)
    ? {}
    : { MAVEN_OPTS: `-Duser.home=${home} ${mavenOpts}`.trim() }
  const run = lastMaven.then(() => runTool({ command: 'mvn', args, cwd: pomDir, env }))
  lastMaven = run.catch(() => undefined)
  return run
}

/** Where the shell would find the program; undefined when it is not on PATH. */
export async function findOnPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (folder !== '' && found) return path
  }
  return undefined
}
