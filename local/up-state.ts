// Where a pipeline that `make up` started can be found by other commands.
import { rmSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Stores } from './audit.ts'
import { projectRoot } from './session.ts'

export type UpState = Stores & {
  pid: number
  pipeline: string
  intakes: Record<string, string>
  queryUrl: string
  /** Where each hop has its metrics. */
  admins: Record<string, string>
}

const file = join(projectRoot, '.local', 'up.json')

export async function writeUpState(state: UpState): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(state, null, 2)}\n`)
}

export function removeUpState(): void {
  rmSync(file, { force: true })
}

/** The running pipeline, or undefined; a file that a killed process left behind counts as none. */
export async function readUpState(): Promise<UpState | undefined> {
  let state: UpState
  try {
    state = JSON.parse(await readFile(file, 'utf8')) as UpState
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
  try {
    process.kill(state.pid, 0)
    return state
  } catch {
    removeUpState()
    return undefined
  }
}
