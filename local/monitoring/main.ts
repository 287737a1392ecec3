// `make demo-monitoring`: a real Prometheus scrapes a running pipeline under load. Every rule must evaluate, every query of
// a dashboard return data, every Redis panel give the ledger's number, and each alert fire on its cause and be silent
// without.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { dashboardsOf } from '../../charts/monitoring/dashboards/all.ts'
import { brokerMetrics, exporterArguments } from '../../charts/monitoring/exporter-arguments.ts'
import { rulesOf, type Pace } from '../../charts/monitoring/rules.ts'
import { readRows } from '../../loadtest/data-file.ts'
import { runLoad } from '../../loadtest/load.ts'
import { pipeline } from '../../pipelines/weather.ts'
import { colours } from '../colours.ts'
import { startKafka } from '../kafka.ts'
import { waitUntilDrained } from '../drained.ts'
import { findFreePort } from '../ports.ts'
import { startProcess, type Process } from '../processes.ts'
import type { Server } from '../server.ts'
import { projectRoot, startSession, type Session } from '../session.ts'
import { checkQueries, checkRedis, checkRules, targetsOf, type Finding } from './checks.ts'
import { startPrometheus, type Prometheus, type ScrapeTarget } from './prometheus.ts'
import { provocationsOf, type Provocation } from './provoke.ts'
import { prepareKafkaMetrics, preparePrometheus, prepareRedisExporter } from './tools.ts'

/** As the cluster's, with a scrape a second in place of one in 15 s. */
const pace: Pace = { window: '10s', recent: '20s', settle: '5s', urgent: '2s', patient: '3s' }
const LOAD_RATE = 300
const LOAD_SECONDS = 25
const FIRE_DEADLINE_MS = 40_000
const CALM_DEADLINE_MS = 60_000
const READY_DEADLINE_MS = 20_000
const POLL_MS = 250

const began = performance.now()
const say = (line: string) =>
  process.stderr.write(
    `${colours.dim(`${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s`)}  ${line}\n`,
  )
const dir = join(projectRoot, '.local', 'stack', 'monitoring')
const groups = rulesOf([pipeline], pace)
const targets = targetsOf(dashboardsOf([pipeline]))
const findings: Finding[] = []
const own: Process[] = []

const { prometheus: program } = await preparePrometheus(say)
const kafkaPort = await findFreePort()
const kafka = await startMeasuredKafka(kafkaPort)
process.env['KAFKA_BROKERS'] = kafka.url
let session: Session | undefined
let prometheus: Prometheus | undefined
try {
  session = await startSession(pipeline, dir, { progress: say, log: () => {} })
  const scrape = await startExporters(session, kafkaPort)
  prometheus = await startPrometheus(program, join(dir, 'prometheus'), scrape, groups)
  say(`up: ${Object.values(session.stack.engines).join(', ')}, ${prometheus.server.engine}`)
  const accepted = await underLoad(session, prometheus)
  const drained = await waitUntilDrained(pipeline, session.stack, accepted, CALM_DEADLINE_MS)
  note(
    'the ledger',
    drained.complete && drained.redis === accepted,
    `${accepted} accepted, ${drained.redis} in Redis`,
  )
  const ownTargets = targets.filter(({ redis }) => redis)
  findings.push(...(await checkRedis(session.stack.redisUrl, ownTargets, drained.redis)))
  for (const provocation of await provocationsOf(pipeline, session)) await prove(provocation, prometheus)
} catch (cause) {
  note('the demonstration', false, (cause as Error).message)
} finally {
  say('stopping …')
  await prometheus?.server.stop()
  for (const each of own) await each.stop()
  await session?.stop()
  await kafka.stop()
}
process.stdout.write(`${table(findings)}\n`)
process.exitCode = findings.some(({ result }) => result === 'failed') ? 1 : 0

function note(what: string, right: boolean, detail: string): void {
  findings.push({ what, result: right ? 'ok' : 'failed', detail })
}

/** A broker that exposes its metrics as Strimzi's do. (Strimzi's newer reporter has other classes and the same names.) */
async function startMeasuredKafka(metricsPort: number): Promise<Server> {
  return startKafka({
    dir: join(dir, 'kafka'),
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

/** What Prometheus reads. */
async function startExporters({ stack, running }: Session, kafkaPort: number): Promise<ScrapeTarget[]> {
  const hostOf = (url: string) => new URL(url).host
  const port = await findFreePort()
  const redis = { job: 'redis-exporter', host: `127.0.0.1:${port}`, labels: { pipeline: pipeline.name } }
  own.push(
    await startProcess({
      name: 'redis-exporter',
      command: await prepareRedisExporter(say),
      args: exporterArguments('redis', hostOf(stack.redisUrl), port, '127.0.0.1'),
      log: () => {},
      ready: `http://${redis.host}/metrics`,
      deadlineMs: READY_DEADLINE_MS,
    }),
  )
  const hops = Object.entries(running.admins).map(([job, url]) => ({ job, host: hostOf(url) }))
  const query = { job: 'query', host: hostOf(running.queryUrl) }
  return [...hops, query, redis, { job: 'kafka', host: `127.0.0.1:${kafkaPort}` }]
}

/** Posts and reads for a while, and then looks at everything at once. Returns how many events were accepted. */
async function underLoad({ running }: Session, prom: Prometheus): Promise<number> {
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
  for (const { job, health, error } of await prom.targets()) note(`target ${job}`, health === 'up', error)
  findings.push(...(await checkRules(prom, targets, groups)), ...(await checkQueries(prom, targets, groups)))
  const firing = [...(await prom.firing())]
  note('no alert fires under load', firing.length === 0, firing.join(', '))
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
  const early = [...(await prom.firing())].filter((alert) => all.includes(alert))
  await provoke()
  const seen = await waitFor(prom, alerts)
  await mend()
  for (const alert of await waitFor(prom, alertsAfter)) seen.add(alert)
  for (const alert of all) note(`${alert} fires`, seen.has(alert) && !early.includes(alert), cause)
  if (lasting) return
  const calm = await until(
    CALM_DEADLINE_MS,
    async () => ![...(await prom.firing())].some((alert) => all.includes(alert)),
  )
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
