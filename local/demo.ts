// The main job: 10,000 events by 10 clients, each acknowledged when the log has it, then an audit of the stores.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { colours } from './colours.ts'
import { readRows } from '../loadtest/data-file.ts'
import { runLoad } from '../loadtest/load.ts'
import { startProgress } from '../loadtest/progress.ts'
import { formatReport } from '../loadtest/report.ts'
import { findPipeline } from '../pipelines/all.ts'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { audit } from './audit.ts'
import { waitUntilDrained } from './drained.ts'
import { formatLedger } from './ledger.ts'
import { projectRoot, startSession, storeNames } from './session.ts'

const EVENTS = 10_000
const CLIENTS = 10
const LOAD_DEADLINE_MS = 180_000
const DRAIN_DEADLINE_MS = 30_000

const { values } = parseArgs({
  options: { pipeline: { type: 'string', default: 'weather' }, verbose: { type: 'boolean', default: false } },
})
const pipeline = findPipeline(values.pipeline)
process.exitCode = await demo(pipeline)

async function demo(found: Pipeline): Promise<number> {
  const began = performance.now()
  const say = (line: string) =>
    process.stderr.write(`${colours.dim(`${seconds(performance.now() - began).padStart(5)} s`)}  ${line}\n`)
  say(`starting ${storeNames(found)} and the ${found.name} pipeline …`)
  const noise: string[] = []
  const session = await startSession(found, join(projectRoot, '.local', 'stack', 'demo'), {
    progress: say,
    log: (line) => (values.verbose ? process.stderr.write(`${line}\n`) : noise.push(line)),
  })
  try {
    const { stack, running } = session
    say(`up: ${Object.values(stack.engines).filter(Boolean).join(', ')}`)
    const intakes = Object.values(running.intakes).map((url) => new URL(`${url}/input`))
    const rows = await readRows(join(projectRoot, found.rows))
    say(
      `${EVENTS.toLocaleString('en-US')} events from ${CLIENTS} clients to ${intakes.map(String).join(' and ')}`,
    )
    const accepted = new Set<string>()
    const progress = startProgress(process.stderr, EVENTS)
    const startedAt = new Date()
    const start = performance.now()
    const load = await runLoad({
      host: intakes,
      rows,
      requests: EVENTS,
      concurrence: CLIENTS,
      timeoutMs: LOAD_DEADLINE_MS,
      onAccepted: (id) => accepted.add(id),
      onProgress: progress.show,
    })
    const drained = await waitUntilDrained(found, stack, load.accepted, DRAIN_DEADLINE_MS)
    const took = (performance.now() - start) / 1_000
    progress.done()
    say(
      drained.complete
        ? 'every store has all; reading everything back …'
        : 'the stores are not complete; reading everything back …',
    )
    const ledger = await audit(found, stack, accepted)
    const report = {
      pipeline: found.name,
      startedAt,
      engines: stack.engines,
      sent: load.sent,
      accepted: load.accepted,
      ...ledger,
      seconds: Number(took.toFixed(3)),
      requestsPerSecond: load.requestsPerSecond,
      latencyMs: load.latencyMs,
    }
    const file = join(projectRoot, '.local', 'reports', 'demo.json')
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`)
    process.stdout.write(`\n${formatReport(load)}\n\n${formatLedger(report)}\n`)
    const balanced = ledger.balanced && load.accepted === EVENTS && ledger.mongodb === EVENTS
    if (balanced) process.stdout.write(`\n${nextSteps(found)}`)
    else for (const line of noise.slice(-40)) process.stderr.write(`${line}\n`)
    return balanced ? 0 : 1
  } finally {
    say('stopping …')
    await session.stop()
    say('stopped')
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1)
}

function nextSteps({ name }: Pipeline): string {
  const suffix = name === 'weather' ? '' : ` PIPELINE=${name}`
  return `Next:
  make up${suffix}        keep it running, with the live page
  make bench     what each part can do on this machine
  make test      every promise, on real servers
`
}
