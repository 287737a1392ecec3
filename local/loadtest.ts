// A load test of a pipeline: of one that runs at HOST, or of one started for it; ends with the ledger.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { LoadReport } from '../loadtest/report.ts'
import { findPipeline } from '../pipelines/all.ts'
import { audit } from './audit.ts'
import { waitUntilDrained } from './drained.ts'
import { formatLedger } from './ledger.ts'
import { projectRoot, startSession, storeNames } from './session.ts'

const DRAIN_DEADLINE_MS = 120_000

const { values } = parseArgs({
  options: {
    pipeline: { type: 'string', default: 'weather' },
    host: { type: 'string' },
    users: { type: 'string', default: '64' },
    requests: { type: 'string', default: '100000' },
    rate: { type: 'string' },
    stages: { type: 'string' },
    expect: { type: 'string', multiple: true, default: [] },
    baseline: { type: 'string' },
    query: { type: 'string' },
  },
})
const pipeline = findPipeline(values.pipeline)
const reports = join(projectRoot, '.local', 'reports')
await mkdir(reports, { recursive: true })

/** Runs the `run` command as a process of its own, so that it does not share a core's time with the stack. */
async function load(host: string, query: string | undefined): Promise<number> {
  const given = Object.entries({ rate: values.rate, stages: values.stages, baseline: values.baseline, query })
  const flags = [
    '-f',
    join(projectRoot, pipeline.rows),
    '--concurrence',
    values.users,
    // Stages say it themselves.
    ...(values.stages ? [] : ['-n', values.requests]),
    '--timeout',
    '10m',
  ]
  const child = spawn(
    process.execPath,
    [
      join(projectRoot, 'loadtest/run.ts'),
      ...flags,
      ...given.flatMap(([flag, value]) => (value ? [`--${flag}`, value] : [])),
      ...values.expect.flatMap((rule) => ['--expect', rule]),
      '--host',
      host,
      '--json',
      join(reports, 'loadtest.json'),
      '--html',
      join(reports, 'loadtest.html'),
    ],
    { stdio: 'inherit' },
  )
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

async function acceptedOf(): Promise<number> {
  const report = JSON.parse(await readFile(join(reports, 'loadtest.json'), 'utf8')) as LoadReport
  return report.accepted
}

if (values.host) {
  process.exitCode = await load(values.host, values.query)
} else {
  const say = (line: string) => process.stderr.write(`${line}\n`)
  say(`starting ${storeNames(pipeline)} and the ${pipeline.name} pipeline …`)
  const session = await startSession(pipeline, join(projectRoot, '.local', 'stack', 'loadtest'), {
    progress: say,
    log: () => {},
  })
  try {
    const code = await load(Object.values(session.running.intakes)[0]!, session.running.queryUrl)
    say('waiting until every store has all …')
    await waitUntilDrained(pipeline, session.stack, await acceptedOf(), DRAIN_DEADLINE_MS)
    const ledger = await audit(pipeline, session.stack)
    process.stdout.write(`\n${formatLedger(ledger)}\n`)
    process.exitCode = ledger.balanced ? code : 1
  } finally {
    await session.stop()
  }
}
