// A name and a sample to a scenario: what is decided and which files say so, or every mistake.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Pipeline } from '../../pipelines/pipeline.ts'
import { DataFileError, readRows, type Row } from '../../loadtest/data-file.ts'
import { ConfigError } from '../../services/lib/errors.ts'
import { describeColumns } from './columns.ts'
import { decideSchema, type Schema } from './decide.ts'
import { dataText, pipelineText, protoText } from './texts.ts'
import { varyRows } from './vary-rows.ts'

/** So many rows a data set has at least, if the sample's values can be combined in so many ways. */
export const FEWEST_ROWS = 1_000
/** Names a proto file, a message, a topic, a database, a namespace and a generated identifier at once. */
const NAME = /^[a-z][a-z0-9]{0,39}$/

export type Plan = {
  schema: Schema
  sample: Row[]
  rows: Row[]
  /** Relative path → text. */
  files: Map<string, string>
}

export type Wish = { name: string; from: string; force: boolean; root: string; pipelines: Pipeline[] }

/** Throws ConfigError with every mistake. Writes nothing. */
export async function planScenario({ name, from, force, root, pipelines }: Wish): Promise<Plan> {
  const mistakes = checkName(name, root, force, pipelines)
  const sample = await readSample(from, mistakes)
  const { columns, mistakes: unfit } = sample ? describeColumns(sample) : { columns: [], mistakes: [] }
  mistakes.push(...unfit)
  if (mistakes.length > 0 || !sample) throw new ConfigError(mistakes)
  const schema = decideSchema(columns, sample.length)
  const rows = varyRows(sample, FEWEST_ROWS)
  const { proto, pipeline, data } = pathsOf(name)
  const files = new Map([
    [proto, protoText(name, schema)],
    [pipeline, pipelineText(name)],
    [data, dataText(rows)],
  ])
  return { schema, sample, rows, files }
}

function pathsOf(name: string) {
  return {
    proto: `proto/scenarios/${name}.proto`,
    pipeline: `pipelines/${name}.ts`,
    data: `loadtest/data/${name}.json`,
  }
}

function checkName(name: string, root: string, force: boolean, pipelines: Pipeline[]): string[] {
  if (name === '') return ['NAME is missing: what the scenario is to be called']
  if (!NAME.test(name)) return [`NAME=${name}: lower-case letters and digits, a letter first, at most 40`]
  const { proto, pipeline, data } = pathsOf(name)
  const there = [proto, pipeline, data].filter((path) => existsSync(join(root, path)))
  // FORCE replaces a scenario, not a part of the project that has the same name.
  if (there.includes(pipeline) && !there.includes(proto))
    return [`NAME=${name}: ${pipeline} is there and no scenario: choose another name`]
  const other = pipelines.find(
    ({ name: known, topic, database }) => known !== name && [topic?.name, database].includes(name),
  )
  if (other) return [`NAME=${name}: a topic or database of ${other.name} has this name: choose another`]
  if (force) return []
  return there.map((path) => `NAME=${name}: ${path} is there already (FORCE=1 replaces it)`)
}

async function readSample(from: string, mistakes: string[]): Promise<Row[] | undefined> {
  if (from === '') {
    mistakes.push('FROM is missing: a file with a JSON array of objects, one object a line, or one object')
    return undefined
  }
  try {
    return await readRows(from)
  } catch (cause) {
    if (!(cause instanceof DataFileError)) throw cause
    mistakes.push(`FROM=${cause.message}`)
    return undefined
  }
}
