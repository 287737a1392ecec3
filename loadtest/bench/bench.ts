// What every measurement gets.
import type { Stack } from '../../local/stack.ts'
import type { KafkaPipeline } from '../../pipelines/pipeline.ts'
import type { Row } from '../data-file.ts'
import type { Generator } from './generator.ts'

export type Bench = {
  stack: Omit<Stack, 'stop'>
  /** Where the stack keeps the data of what it started itself. */
  stackDir: string
  /** Its event and number of partitions are what is measured. */
  pipeline: KafkaPipeline
  rows: Row[]
  rowsFile: string
  generator: Generator
  /** A folder for files that nobody needs afterwards. */
  scratch: string
  /** A name that nothing on the servers has yet, for topics, databases, keys. */
  uniqueName: (what: string) => string
  quick: boolean
  say: (line: string) => void
}
