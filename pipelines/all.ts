// Finds the pipelines of this folder: every file whose `pipeline` is exported is one.
import { readdirSync } from 'node:fs'
import type { Pipeline } from './pipeline.ts'

const folder = new URL('.', import.meta.url)
/** Not the tests, and not this file: importing itself it would not end. */
const files = readdirSync(folder)
  .filter((file) => /^[a-z0-9-]+\.ts$/.test(file) && file !== 'all.ts')
  .toSorted()

export const pipelines: Pipeline[] = (
  await Promise.all(
    files.map(async (file) => (await import(new URL(file, folder).href)) as { pipeline?: Pipeline }),
  )
).flatMap(({ pipeline }) => (pipeline ? [pipeline] : []))

/** Finds a pipeline by its name. Throws with the known names. */
export function findPipeline(name: string): Pipeline {
  const found = pipelines.find((pipeline) => pipeline.name === name)
  if (!found)
    throw new Error(`no pipeline "${name}" (known: ${pipelines.map((pipeline) => pipeline.name).join(', ')})`)
  return found
}
