// hop: reads events from one source, and acknowledges when its sinks have them.
import { exitWithMistakes, run } from '../lib/run.ts'
import { ConfigError } from '../lib/errors.ts'
import { createLog } from '../lib/log.ts'
import { readArguments, usage, type HopArguments } from './arguments.ts'
import { startHop } from './hop.ts'

function parse(argv: string[]): HopArguments {
  if (argv.includes('--help')) {
    process.stdout.write(usage)
    process.exit(0)
  }
  try {
    return readArguments(argv, process.env)
  } catch (cause) {
    if (cause instanceof ConfigError) exitWithMistakes(cause)
    throw cause
  }
}

const hop = parse(process.argv.slice(2))
const log = createLog({ pipeline: hop.pipeline, hop: hop.name })
await run(log, async (life) => {
  await startHop(hop, log, life)
})
