import type { Pipeline } from './pipeline.ts'
import { weather } from './weather.ts'

export const pipelines: Pipeline[] = [weather]

/** Finds a pipeline by its name. Throws with the known names. */
export function findPipeline(name: string): Pipeline {
  const found = pipelines.find((pipeline) => pipeline.name === name)
  if (!found)
    throw new Error(`no pipeline "${name}" (known: ${pipelines.map((pipeline) => pipeline.name).join(', ')})`)
  return found
}
