// duel: the routes against each other, or ingress controllers against each other; a table, a report, a page with plots.
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { colours } from '../../local/colours.ts'
import { projectRoot } from '../../local/session.ts'
import { startStack } from '../../local/stack.ts'
import { pipeline } from '../../pipelines/weather.ts'
import { reasonOf } from '../../services/lib/errors.ts'
import { exitOnSignals, readOptions, sayWithSeconds } from '../bench/command.ts'
import { describeMachine, readCommit } from '../bench/machine.ts'
import { withReleases } from '../bench/releases.ts'
import type { Failure } from '../bench/report.ts'
import { readRows } from '../data-file.ts'
import { claimOf } from './claim.ts'
import type { Duel, Part as Measure } from './duel.ts'
import { formatTable } from './format-tables.ts'
import { parseOptions, usage, type DuelOptions } from './options.ts'
import { renderPage } from './page.ts'
import { startSender } from './sender.ts'
import type { Table } from './tables.ts'
import { measureBatching } from './batching.ts'
import { measureEncoding } from './encoding.ts'
import { measureIngress } from './ingress.ts'
import { measureLinks } from './links.ts'
import { measureWire } from './wire.ts'
import { measureWhole } from './whole.ts'

const { what, parts, quick } = readOptions(parseOptions, usage)
const began = performance.now()
const say = sayWithSeconds(began)
exitOnSignals()

/** Until the last round must have ended; below the 10 and 5 minutes that are promised. */
const SECONDS = { routes: 540, ingress: 260 }

const measures: Record<DuelOptions['what'], [name: string, measure: Measure][]> = {
  ingress: [['ingress', measureIngress]],
  routes: [
    ['encoding', measureEncoding],
    ['transport', measureLinks],
    ['batching', measureBatching],
    ['wire', measureWire],
    // Last: its number of rounds is what the time allows.
    ['whole', measureWhole],
  ],
}

const startedAt = new Date()
const machine = describeMachine()
const commit = await readCommit(projectRoot)
say('starting Kafka, Redis and MongoDB wire …')
const stackDir = join(projectRoot, '.local', 'stack', 'duel')
const scratch = join(stackDir, 'scratch')
await mkdir(scratch, { recursive: true })
const stack = await startStack({ dir: stackDir, progress: say, fresh: true })
const tables: Record<string, Table> = {}
const failures: Failure[] = []
const fail = (failure: Failure) => {
  failures.push(failure)
  say(colours.red(`${failure.title} failed: ${failure.error}`))
}
try {
  await withReleases(async (defer) => {
    const rowsFile = join(projectRoot, pipeline.rows)
    const duel: Duel = {
      stack,
      stackDir,
      pipeline,
      rows: await readRows(rowsFile),
      rowsFile,
      scratch,
      sender: await startSender(defer, rowsFile),
      uniqueName: (of) => `${of}-${randomBytes(4).toString('hex')}`,
      quick,
      say,
      endAt: began + SECONDS[what] * 1_000,
      fail,
    }
    for (const [name, measure] of measures[what]) {
      if (what === 'routes' && ![...parts].some((part) => part === name)) continue
      const own = { ...duel, say: (line: string) => say(`${colours.cyan(name)}  ${line}`) }
      try {
        Object.assign(tables, await withReleases((release) => measure(own, release)))
      } catch (cause) {
        fail({ title: name, error: reasonOf(cause) })
      }
    }
  })
} finally {
  say('stopping …')
  await stack.stop()
}

const claim = claimOf(tables)
const report = {
  what,
  title: what === 'routes' ? 'The routes against each other' : 'Ingress controllers against each other',
  startedAt,
  seconds: Math.round((performance.now() - began) / 1_000),
  commit,
  quick,
  machine,
  engines: stack.engines,
  tables: claim ? { claim, ...tables } : tables,
  failures,
}
const reports = join(projectRoot, '.local', 'reports')
await mkdir(reports, { recursive: true })
const name = what === 'routes' ? 'duel' : 'duel-ingress'
const json = `${JSON.stringify(report, null, 2)}\n`
await writeFile(join(reports, `${name}.json`), json)
await writeFile(join(reports, `${name}.html`), renderPage(json))
const { kafka, redis, mongodb } = stack.engines
process.stdout.write(`
${Object.values(report.tables).map(formatTable).join('\n\n')}

${machine.cpu}, ${machine.cores} cores; Node ${machine.node}; ${kafka}, ${redis}, ${mongodb}
commit ${commit ?? 'unknown'}; ${report.seconds} s; every round is in .local/reports/${name}.json, plots in ${name}.html
${failures.map(({ title, error }) => colours.red(`${title} failed: ${error}\n`)).join('')}`)
process.exitCode = failures.length > 0 ? 1 : 0
