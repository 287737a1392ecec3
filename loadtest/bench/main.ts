// bench: what each part does on this machine, beside the least that could be done in its place.
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { colours } from '../../local/colours.ts'
import { projectRoot } from '../../local/session.ts'
import { startStack } from '../../local/stack.ts'
import { pipeline } from '../../pipelines/weather.ts'
import { reasonOf } from '../../services/lib/errors.ts'
import { readRows } from '../data-file.ts'
import type { Bench } from './bench.ts'
import { exitOnSignals, readOptions, sayWithSeconds } from './command.ts'
import { measureFreshness } from './freshness.ts'
import { createGenerator } from './generator.ts'
import { measureHttp } from './http.ts'
import { measureKafkaClients } from './kafka-clients.ts'
import { measureKafkaMongodb } from './kafka-mongodb.ts'
import { describeMachine, readCommit } from './machine.ts'
import { measureMemory } from './memory.ts'
import { parseOptions, usage } from './options.ts'
import { figureAsJson, formatSections, type Failure, type Section } from './report.ts'
import { measureWsRedis } from './ws-redis.ts'

const { quick, parts } = readOptions(parseOptions, usage)
const began = performance.now()
const say = sayWithSeconds(began)
exitOnSignals()

const measurements: [string, boolean, (bench: Bench) => Promise<Section>][] = [
  ['http', parts.has('a') || parts.has('b'), (bench) => measureHttp(bench, { withLog: parts.has('b') })],
  ['ws → redis', parts.has('c'), measureWsRedis],
  ['kafka → mongodb', parts.has('d'), measureKafkaMongodb],
  ['freshness', parts.has('e'), measureFreshness],
  ['kafka clients', parts.has('f'), measureKafkaClients],
  ['memory', parts.has('memory'), measureMemory],
]

const startedAt = new Date()
const machine = describeMachine()
const commit = await readCommit(projectRoot)
say('starting Kafka, Redis and MongoDB wire …')
const stackDir = join(projectRoot, '.local', 'stack', 'bench')
const scratch = join(stackDir, 'scratch')
await mkdir(scratch, { recursive: true })
const stack = await startStack({ dir: stackDir, progress: say, fresh: true })
const sections: Section[] = []
const failures: Failure[] = []
let generatorName: string
try {
  const rowsFile = join(projectRoot, pipeline.rows)
  const rows = await readRows(rowsFile)
  const generator = await createGenerator(rows, rowsFile, scratch)
  generatorName = generator.name
  const uniqueName = (what: string) => `bench-${what}-${randomBytes(4).toString('hex')}`
  for (const [title, chosen, measure] of measurements) {
    if (!chosen) continue
    const sayTitled = (line: string) => say(`${colours.cyan(title)}  ${line}`)
    const input = { pipeline, rows, rowsFile, generator, scratch, uniqueName, quick }
    const bench = { ...input, stack, stackDir, say: sayTitled }
    try {
      sections.push(await measure(bench))
    } catch (cause) {
      failures.push({ title, error: reasonOf(cause) })
      sayTitled(colours.red(`failed: ${reasonOf(cause)}`))
    }
  }
} finally {
  say('stopping …')
  await stack.stop()
}

const report = {
  startedAt,
  seconds: Math.round((performance.now() - began) / 1_000),
  commit,
  quick,
  machine,
  engines: stack.engines,
  generator: generatorName,
  sections: sections.map(({ figures, ...section }) => ({ ...section, figures: figures.map(figureAsJson) })),
  failures,
}
const file = join(projectRoot, '.local', 'reports', 'bench.json')
await mkdir(join(file, '..'), { recursive: true })
await writeFile(file, `${JSON.stringify(report, null, 2)}\n`)

const { kafka, redis, mongodb } = stack.engines
process.stdout.write(`
${formatSections(sections)}

${machine.cpu}, ${machine.cores} cores; Node ${machine.node}; ${kafka}, ${redis}, ${mongodb}
commit ${commit ?? 'unknown'}; ${report.seconds} s; every round is in .local/reports/bench.json
${failures.map(({ title, error }) => colours.red(`${title} failed: ${error}\n`)).join('')}`)
process.exitCode = failures.length > 0 ? 1 : 0
