// Writes files all or none: what fails afterwards puts back what was there.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Text by path. Returns what undoes it. */
export async function writeFiles(texts: Map<string, string>): Promise<() => Promise<void>> {
  const before = new Map<string, Buffer | undefined>()
  const undo = async () => {
    for (const [path, bytes] of before) await (bytes ? writeFile(path, bytes) : rm(path, { force: true }))
  }
  try {
    for (const [path, text] of texts) {
      await mkdir(dirname(path), { recursive: true })
      before.set(path, await readIfThere(path))
      await writeFile(path, text)
    }
    return undo
  } catch (cause) {
    await undo()
    throw cause
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
}
