// A Prometheus that scrapes this machine's processes, and its HTTP API.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Yaml } from 'cdk8s'
import type { RuleGroup } from '../../charts/monitoring/rules.ts'
import { findFreePort } from '../ports.ts'
import { startServer, type Server } from '../server.ts'

export type ScrapeTarget = { job: string; host: string; labels?: Record<string, string> }
export type Sample = { labels: Record<string, string>; value: number }
export type RuleState = {
  name: string
  kind: 'alerting' | 'recording'
  health: string
  error: string
  state: string
  samples: number
}

const QUERY_DEADLINE_MS = 10_000
const START_DEADLINE_MS = 20_000

export type Prometheus = {
  server: Server
  /** The newest value of each series. */
  query: (expr: string) => Promise<Sample[]>
  /** The names of all series that were seen. */
  names: () => Promise<Set<string>>
  rules: () => Promise<RuleState[]>
  /** Alerts by name that are firing now. */
  firing: () => Promise<Set<string>>
  targets: () => Promise<{ job: string; health: string; error: string }[]>
}

/** Scrapes and evaluates once a second. What it stored before in `dir` is removed. */
export async function startPrometheus(
  program: string,
  dir: string,
  scrape: ScrapeTarget[],
  groups: RuleGroup[],
): Promise<Prometheus> {
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: scrape.map(({ job, host, labels = {} }) => ({
      job_name: job,
      static_configs: [{ targets: [host], labels }],
    })),
  }
  await writeFile(join(dir, 'prometheus.yaml'), Yaml.stringify(config))
  await writeFile(join(dir, 'rules.yaml'), Yaml.stringify({ groups }))
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const version = async () => ((await read(`${url}/api/v1/status/buildinfo`)) as { version: string }).version
  const server = await startServer({
    process: {
      name: 'Prometheus',
      command: program,
      args: [
        `--config.file=${join(dir, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(dir, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      ready: `${url}/-/ready`,
      deadlineMs: START_DEADLINE_MS,
    },
    logFile: join(dir, 'prometheus.log'),
    url,
    port,
    readEngine: async () => `Prometheus ${await version()}`,
  })
  return {
    server,
    query: async (expr) => {
      const { result } = (await read(`${url}/api/v1/query`, { query: expr })) as {
        result: { metric: Record<string, string>; value: [number, string] }[]
      }
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
    },
    names: async () => new Set((await read(`${url}/api/v1/label/__name__/values`)) as string[]),
    rules: async () => {
      const found = (await read(`${url}/api/v1/rules`)) as { groups: { rules: ApiRule[] }[] }
      return found.groups.flatMap(({ rules }) => rules.map(stateOf))
    },
    firing: async () => {
      const { alerts } = (await read(`${url}/api/v1/alerts`)) as {
        alerts: { state: string; labels: { alertname: string } }[]
      }
      return new Set(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname))
    },
    targets: async () => {
      const { activeTargets } = (await read(`${url}/api/v1/targets`)) as {
        activeTargets: { labels: { job: string }; health: string; lastError: string }[]
      }
      return activeTargets.map(({ labels, health, lastError }) => ({
        job: labels.job,
        health,
        error: lastError,
      }))
    },
  }
}

type ApiRule = {
  name: string
  type: RuleState['kind']
  health: string
  lastError?: string
  state?: string
  alerts?: unknown[]
}

const stateOf = ({ name, type, health, lastError = '', state = '', alerts = [] }: ApiRule): RuleState => ({
  name,
  kind: type,
  health,
  error: lastError,
  state,
  samples: alerts.length,
})

async function read(url: string, form?: Record<string, string>): Promise<unknown> {
  const answer = await fetch(url, {
    signal: AbortSignal.timeout(QUERY_DEADLINE_MS),
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  })
  const { status, data, error } = (await answer.json()) as { status: string; data: unknown; error?: string }
  if (status !== 'success') throw new Error(`${form?.['query'] ?? url}: ${error}`)
  return data
}
