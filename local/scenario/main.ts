// A sample of events goes in; a schema with rules and views, a pipeline and a data set come out.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pipelines } from '../../pipelines/all.ts'
import { ConfigError, reasonOf } from '../../services/lib/errors.ts'
import { exitWithMistakes } from '../../services/lib/run.ts'
import { projectRoot } from '../session.ts'
import { describePlan, nextCommands } from './describe.ts'
import { planScenario, type Plan } from './plan.ts'
import { messageName } from './texts.ts'
import { writeFiles } from './write-files.ts'

const GEN_DEADLINE_MS = 120_000

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: '' },
    from: { type: 'string', default: '' },
    force: { type: 'boolean', default: false },
  },
})
const { name, from, force } = values
try {
  await main()
} catch (cause) {
  if (cause instanceof ConfigError) exitWithMistakes(cause)
  process.stderr.write(`scenario: ${reasonOf(cause)}\n`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const plan = await planScenario({ name, from, force, root: projectRoot, pipelines })
  const paths = [...plan.files].map(([path, text]) => [join(projectRoot, path), text] as const)
  const undo = await writeFiles(new Map(paths))
  try {
    generate()
    await checkRows(plan)
  } catch (cause) {
    await undo()
    throw new Error(`${reasonOf(cause)}; nothing is kept, and \`make gen\` tidies proto/gen`, { cause })
  }
  process.stdout.write(`${describePlan(name, plan)}\n\n${nextCommands(name, plan.files.keys())}\n`)
}

function generate(): void {
  const { status, error } = spawnSync('make', ['--no-print-directory', '--silent', 'gen'], {
    cwd: projectRoot,
    stdio: 'inherit',
    timeout: GEN_DEADLINE_MS,
  })
  if (status !== 0) throw new Error('`make gen` failed', { cause: error })
}

/** The schema must take what it was made from. Imported only now, because it reads the generated code. */
async function checkRows({ rows }: Plan): Promise<void> {
  const { loadEventType } = await import('../../services/lib/event-type.ts')
  const { viewsOf } = await import('../../services/lib/views.ts')
  const eventType = loadEventType(`scenarios.${messageName(name)}`)
  viewsOf(eventType.schema, name)
  for (const row of rows) eventType.encode(row)
}
