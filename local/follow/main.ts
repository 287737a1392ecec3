// Posts one event and shows its way: when the intake answered, when each hop had done its part, when each store
// was seen to have it. Asks a pipeline that `make up` runs, or one started for it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readRows } from '../../loadtest/data-file.ts'
import { findPipeline } from '../../pipelines/all.ts'
import { reasonOf } from '../../services/lib/errors.ts'
import { colours } from '../colours.ts'
import { projectRoot } from '../session.ts'
import { followEvent, type Followed } from './follow.ts'
import { findRunning, UsageError } from './running.ts'
import { formatWaterfall } from './waterfall.ts'

const { values } = parseArgs({ options: { pipeline: { type: 'string' }, intake: { type: 'string' } } })
process.exitCode = await main().catch((cause: unknown) => {
  process.stderr.write(`${colours.red('follow')}: ${reasonOf(cause)}\n`)
  return cause instanceof UsageError ? 2 : 1
})

async function main(): Promise<number> {
  const running = await findRunning(values.pipeline, values.intake)
  try {
    const pipeline = findPipeline(running.pipeline)
    const [row] = await readRows(join(projectRoot, pipeline.rows))
    const followed = await followEvent(pipeline, running, row!)
    const file = join(projectRoot, '.local', 'reports', 'follow.json')
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, `${JSON.stringify(followed, microseconds, 2)}\n`)
    process.stdout.write(`${format(followed)}\n`)
    return followed.missing.length > 0 ? 1 : 0
  } finally {
    await running.stop()
  }
}

/** What lies below a microsecond is noise. */
function microseconds(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(3)) : value
}

function format(followed: Followed): string {
  const { pipeline, intake, warmUps, id, place, steps, axisMs, polls } = followed
  const where = place ? `${place.topic}, partition ${place.partition}, offset ${place.offset}` : 'not found'
  return [
    '',
    `${colours.bold(pipeline)}: one event, posted to ${intake} after ${warmUps} warm-up events of the same row and connection.`,
    'Milliseconds since its POST was written.',
    '',
    ...formatWaterfall(steps, axisMs),
    '',
    `  id   ${id}`,
    `  log  ${where}`,
    '',
    '  █  the client saw it, or a hop measured it (by its metrics and the time of the event; in whole milliseconds: ±1 ms)',
    `  ░  somewhere within: the answer at its end had it, a question at its start did not (${polls} receipts asked for)`,
    ...(steps.some(({ toMs }) => toMs > axisMs) ? ['  ›  later than the axis goes'] : []),
    ...followed.unknown.map((line) => colours.dim(`  ${line}`)),
    ...followed.missing.map((line) => colours.red(`  ${line}`)),
  ].join('\n')
}
