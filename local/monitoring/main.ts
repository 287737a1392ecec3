// `make demo-monitoring`: a real Prometheus scrapes a running pipeline under load. Every rule must evaluate, every query of
// a dashboard return data, every Redis panel give the ledger's number, and each alert fire on its cause and be silent
// without.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { dashboardsOf } from '../../charts/monitoring/dashboards/all.ts'
import { brokerMetrics, exporterArguments } from '../../charts/monitoring/exporter-arguments.ts'
import { rulesOf, type Pace, type RuleGroup } from '../../charts/monitoring/rules.ts'
import { readRows } from '../../loadtest/data-file.ts'
import { runLoad } from '../../loadtest/load.ts'
import { findPipeline, pipelines } from '../../pipelines/all.ts'
import type { Pipeline } from '../../pipelines/pipeline.ts'
import { colours } from '../colours.ts'
import { startKafka } from '../kafka.ts'
import { waitUntilDrained } from '../drained.ts'
import { findFreePort } from '../ports.ts'
import { startProcess, type Process } from '../processes.ts'
import type { Server } from '../server.ts'
import { projectRoot, startSession, type Session } from '../session.ts'
import { checkQueries, checkRedis, checkRules, targetsOf, type Finding, type Target } from './checks.ts'
import { startPrometheus, type Prometheus, type ScrapeTarget } from './prometheus.ts'
import { provocationsOf, type Provocation } from './provoke.ts'
import { prepareKafkaMetrics, preparePrometheus, prepareRedisExporter } from './tools.ts'

/** As the cluster's, with a scrape a second in place of one in 15 s. */
const pace: Pace = { window: '10s', recent: '20s', settle: '5s', urgent: '2s', patient: '3s' }
/** On which the alerts are provoked; their causes are of every pipeline. */
const PROVOKED = 'weather'
const LOAD_RATE = 300
const LOAD_SECONDS = 20
const FIRE_DEADLINE_MS = 40_000
const CALM_DEADLINE_MS = 60_000
const READY_DEADLINE_MS = 20_000
const POLL_MS = 250

const began = performance.now()
const say = (line: string) =>
  process.stderr.write(
    `${colours.dim(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s`)}  ${line}\n`,
  )
const { values } = parseArgs({ options: { pipeline: { type: 'string' } } })
const chosen = values.pipeline === undefined ? pipelines : [findPipeline(values.pipeline)]
const findings: Finding[] = []
const { prometheus: program } = await preparePrometheus(say)
for (const pipeline of chosen) await demonstrate(pipeline)
process.stdout.write(`${table(findings)}\n`)
process.exitCode = findings.some(({ result }) => result === 'failed') ? 1 : 0

/** Starts everything, looks, and stops everything. */
async function demonstrate(pipeline: Pipeline): Promise<void> {
  say(`${pipeline.name} …`)
  const groups = rulesOf([pipeline], pace)
  const targets = targetsOf(dashboardsOf([pipeline])).filter(
    ({ dashboard }) => pipeline.topic !== undefined || dashboard !== 'Kafka',
  )
  const dir = join(projectRoot, '.local', 'stack', 'monitoring')
  const stops: (() => Promise<void>)[] = []
  try {
    const kafkaPort = pipeline.topic && (await findFreePort())
    if (kafkaPort !== undefined) {
      const kafka = await startMeasuredKafka(join(dir, 'kafka'), kafkaPort)
      stops.unshift(() => kafka.stop())
      process.env['KAFKA_BROKERS'] = kafka.url
    }
    const session = await startSession(pipeline, dir, { progress: say, log: () => {} })
    stops.unshift(() => session.stop())
    const { process: exporter, target } = await startRedisExporter(pipeline, session)
    stops.unshift(() => exporter.stop())
    const scrape = [...scrapeTargets(session), target]
    if (kafkaPort !== undefined) scrape.push({ job: 'kafka', host: `127.0.0.1:${kafkaPort}` })
    const prometheus = await startPrometheus(program, join(dir, 'prometheus'), scrape, groups)
    stops.unshift(() => prometheus.server.stop())
    say(
      `up: ${[...Object.values(session.stack.engines).filter(Boolean), prometheus.server.engine].join(', ')}`,
    )
    const accepted = await underLoad(pipeline, session, prometheus, targets, groups)
    const drained = await waitUntilDrained(pipeline, session.stack, accepted, CALM_DEADLINE_MS)
    const right = drained.complete && drained.redis === accepted && drained.mongodb === accepted
    note(
      `${pipeline.name}: the ledger`,
      right,
      `${accepted} accepted, ${drained.mongodb} in MongoDB, ${drained.redis} in Redis`,
    )
    findings.push(...(await checkRedis(session.stack.redisUrl, targets, drained.redis)))
    if (pipeline.name === PROVOKED && pipeline.topic)
      for (const provocation of await provocationsOf(pipeline, session)) await prove(provocation, prometheus)
  } catch (cause) {
    note(`${pipeline.name}: the demonstration`, false, (cause as Error).message)
  } finally {
    say('stopping …')
    for (const stop of stops) await stop()
  }
}

function note(what: string, right: boolean, detail: string): void {
  findings.push({ what, result: right ? 'ok' : 'failed', detail })
}

/** A broker that exposes its metrics as Strimzi's do. (Strimzi's newer reporter has other classes and the same names.) */
async function startMeasuredKafka(dir: string, metricsPort: number): Promise<Server> {
  await rm(dir, { recursive: true, force: true })
  return startKafka({
    dir,
    plugins: await prepareKafkaMetrics(say),
    settings: {
      'metric.reporters': 'io.strimzi.kafka.metrics.KafkaPrometheusMetricsReporter',
      'kafka.metrics.reporters': 'io.strimzi.kafka.metrics.YammerPrometheusMetricsReporter',
      'prometheus.metrics.reporter.listener.enable': 'true',
      'prometheus.metrics.reporter.listener': `http://127.0.0.1:${metricsPort}`,
      'prometheus.metrics.reporter.allowlist': brokerMetrics.join(','),
    },
  })
}

/** With the arguments of the manifests. */
async function startRedisExporter(
  { name }: Pipeline,
  { stack }: Session,
): Promise<{ process: Process; target: ScrapeTarget }> {
  const port = await findFreePort()
  const target = { job: 'redis-exporter', host: `127.0.0.1:${port}`, labels: { pipeline: name } }
  const running = await startProcess({
    name: 'redis-exporter',
    command: await prepareRedisExporter(say),
    args: exporterArguments('redis', new URL(stack.redisUrl).host, port, '127.0.0.1'),
    log: () => {},
    ready: `http://${target.host}/metrics`,
    deadlineMs: READY_DEADLINE_MS,
  })
  return { process: running, target }
}

function scrapeTargets({ running }: Session): ScrapeTarget[] {
  const pages = [...Object.entries(running.admins), ['query', running.queryUrl] as const]
  return pages.map(([job, url]) => ({ job, host: new URL(url).host }))
}

/** Posts and reads for a while, and then looks at everything at once. Returns how many events were accepted. */
async function underLoad(
  pipeline: Pipeline,
  { running }: Session,
  prom: Prometheus,
  targets: Target[],
  groups: RuleGroup[],
): Promise<number> {
  const rows = await readRows(join(projectRoot, pipeline.rows))
  const reading = new AbortController()
  const reads = (async () => {
    while (!reading.signal.aborted) {
      await Promise.all(
        ['/live', '/ledger', '/logs?limit=5'].map((path) =>
          fetch(`${running.queryUrl}${path}`).then((answer) => answer.text()),
        ),
      )
      await pause(POLL_MS)
    }
  })()
  const load = runLoad({
    host: Object.values(running.intakes).map((url) => new URL(`${url}/input`)),
    rows,
    requests: LOAD_RATE * LOAD_SECONDS,
    rate: LOAD_RATE,
    concurrence: 16,
    timeoutMs: 2 * LOAD_SECONDS * 1_000,
  })
  say(`${LOAD_RATE} events a second for ${LOAD_SECONDS} s; looking at rules and dashboards …`)
  await pause((LOAD_SECONDS - 5) * 1_000)
  for (const { job, health, error } of await prom.targets())
    note(`${pipeline.name}: target ${job}`, health === 'up', error)
  findings.push(...(await checkRules(prom, targets, groups)), ...(await checkQueries(prom, targets, groups)))
  const firing = [...(await prom.firing())]
  note(`${pipeline.name}: no alert fires under load`, firing.length === 0, firing.join(', '))
  const { accepted } = await load
  reading.abort()
  await reads
  return accepted
}

/** Fires on its cause, and is silent before and, where that can be, after. */
async function prove(
  { cause, alerts, alertsAfter = [], provoke, mend, lasting = false }: Provocation,
  prom: Prometheus,
): Promise<void> {
  say(`${cause} …`)
  const all = [...alerts, ...alertsAfter]
  const silent = async () => ![...(await prom.firing())].some((alert) => all.includes(alert))
  const before = await until(CALM_DEADLINE_MS, silent)
  await provoke()
  const seen = await waitFor(prom, alerts)
  await mend()
  for (const alert of await waitFor(prom, alertsAfter)) seen.add(alert)
  for (const alert of all) note(`${alert} fires`, seen.has(alert) && before, cause)
  if (lasting) return
  const calm = await until(CALM_DEADLINE_MS, silent)
  note(`${all.join(', ')}: silent again`, calm, calm ? '' : [...(await prom.firing())].join(', '))
}

/** Those of `alerts` that fired before the deadline. */
async function waitFor(prom: Prometheus, alerts: string[]): Promise<Set<string>> {
  const seen = new Set<string>()
  await until(FIRE_DEADLINE_MS, async () => {
    for (const alert of await prom.firing()) seen.add(alert)
    return alerts.every((alert) => seen.has(alert))
  })
  return seen
}

async function until(deadlineMs: number, is: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + deadlineMs
  while (Date.now() < deadline) {
    if (await is()) return true
    await pause(POLL_MS)
  }
  return false
}

function table(rows: Finding[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length))
  const paint = { ok: colours.green, absent: colours.dim, failed: colours.red }
  const lines = rows.map(
    ({ what, result, detail }) => `  ${paint[result](result.padEnd(6))}  ${what.padEnd(width)}  ${detail}`,
  )
  const counted = (result: Finding['result']) => rows.filter((row) => row.result === result).length
  return [
    ...lines,
    '',
    `${counted('ok')} ok, ${counted('absent')} absent here, ${counted('failed')} failed`,
  ].join('\n')
}
