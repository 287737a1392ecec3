// What must hold on a running pipeline: every rule evaluates, every query of a dashboard returns data, every command of a
// Redis panel gives what the ledger says.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { createClient } from 'redis'
import { commandOf, type RedisCommand } from '../../charts/monitoring/dashboards/panels.ts'
import { GRID_GRAMS_PER_KWH } from '../../charts/monitoring/energy.ts'
import type { RuleGroup } from '../../charts/monitoring/rules.ts'
import { exposedNames, mayBeAbsent } from './promql.ts'
import type { Prometheus } from './prometheus.ts'

/** `absent`: it may be, because only a cluster has its series. */
export type Finding = { what: string; result: 'ok' | 'absent' | 'failed'; detail: string }

/** As Grafana puts them in, for a range of a quarter of a minute. */
const variables: Record<string, string> = {
  __rate_interval: '10s',
  __range_s: '15',
  __range: '15s',
  grid: String(GRID_GRAMS_PER_KWH),
}

export type Target = { dashboard: string; panel: string; expr?: string; redis?: RedisCommand }

type JsonPanel = { title?: string; panels?: JsonPanel[]; targets?: (RedisCommand & { expr?: string })[] }

/** Every query of the dashboards. */
export function targetsOf(dashboards: Dashboard[]): Target[] {
  return dashboards.flatMap(({ title = '', panels = [] }) => {
    const visit = ({ title: panel = '', panels: inner = [], targets = [] }: JsonPanel): Target[] => [
      ...targets.map(({ expr, ...redis }) => ({
        dashboard: title,
        panel,
        ...(expr === undefined ? { redis } : { expr }),
      })),
      ...inner.flatMap(visit),
    ]
    return (panels as unknown as JsonPanel[]).flatMap(visit)
  })
}

export function fillIn(expr: string): string {
  return expr.replaceAll(/\$(\w+)/g, (whole, name: string) => variables[name] ?? whole)
}

export async function checkQueries(
  prometheus: Prometheus,
  targets: Target[],
  groups: RuleGroup[],
): Promise<Finding[]> {
  const queries = targets.flatMap(({ dashboard, panel, expr }) =>
    expr === undefined ? [] : [{ dashboard, panel, expr }],
  )
  return Promise.all(
    queries.map(async ({ dashboard, panel, expr }): Promise<Finding> => {
      const what = `${dashboard} / ${panel}`
      try {
        const samples = await prometheus.query(fillIn(expr))
        const numbers = samples.filter(({ value }) => Number.isFinite(value))
        if (numbers.length > 0) return { what, result: 'ok', detail: `${samples.length} series` }
        const absent = [...exposedNames(expr, groups)].filter(mayBeAbsent)
        if (absent.length > 0) return { what, result: 'absent', detail: absent.join(', ') }
        return { what, result: 'failed', detail: samples.length > 0 ? 'no number' : `no data: ${expr}` }
      } catch (cause) {
        return { what, result: 'failed', detail: (cause as Error).message }
      }
    }),
  )
}

/** Every rule, and every series that rules and dashboards read. */
export async function checkRules(
  prometheus: Prometheus,
  targets: Target[],
  groups: RuleGroup[],
): Promise<Finding[]> {
  const rules = (await prometheus.rules()).map(({ name, health, error }): Finding => ({
    what: `rule ${name}`,
    result: health === 'ok' ? 'ok' : 'failed',
    detail: health === 'ok' ? '' : error || health,
  }))
  const expressions = [
    ...groups.flatMap(({ rules: each }) => each.map(({ expr }) => expr)),
    ...targets.flatMap(({ expr }) => expr ?? []),
  ]
  const used = new Set(expressions.flatMap((expr) => [...exposedNames(fillIn(expr), groups)]))
  const seen = await prometheus.names()
  const series = [...used].toSorted().map((name): Finding => {
    if (seen.has(name)) return { what: `series ${name}`, result: 'ok', detail: '' }
    return {
      what: `series ${name}`,
      result: mayBeAbsent(name) ? 'absent' : 'failed',
      detail: 'nobody exposes it',
    }
  })
  return [...rules, ...series]
}

/** `total` is how many events the ledger has. */
export async function checkRedis(redisUrl: string, targets: Target[], total: number): Promise<Finding[]> {
  const client = createClient({ url: redisUrl, RESP: 2 })
  await client.connect()
  try {
    const findings: Finding[] = []
    for (const { dashboard, panel, redis } of targets) {
      if (!redis) continue
      const command = commandOf(redis)
      const reply = await client.sendCommand<string | number | (string | null)[]>(command)
      const { right, says } = judge(command, reply, total)
      const what = `${dashboard} / ${panel}: ${command.slice(0, 2).join(' ')}`
      findings.push({ what, result: right ? 'ok' : 'failed', detail: says })
    }
    return findings
  } finally {
    client.destroy()
  }
}

/** What a view of `total` events must answer. */
function judge(
  command: string[],
  reply: string | number | (string | null)[],
  total: number,
): { right: boolean; says: string } {
  const list = Array.isArray(reply) ? reply : []
  const sum = (from: number, step: number) =>
    list.reduce((all, text, index) => (index % step === from ? all + Number(text ?? 0) : all), 0)
  const events = (count: number, whole: boolean) => ({
    right: whole ? count === total : count > 0 && count <= total,
    says: `${count} of ${total} events`,
  })
  switch (command[0]) {
    case 'GET':
      return events(Number(reply), true)
    case 'HGETALL':
      // A rate holds the last seconds only.
      return events(sum(1, 2), !command[1]!.endsWith(':rate'))
    case 'HMGET':
      return events(sum(0, 1), true)
    case 'ZRANGE':
      return events(sum(1, 2), list.length / 2 < Math.abs(Number(command[2])))
    case 'ZREVRANGE': {
      const wanted = Math.min(total, Number(command[3]) + 1)
      return {
        right: list.length === wanted && list.every((text) => 'id' in JSON.parse(text!)),
        says: `the newest ${list.length}`,
      }
    }
    case 'SCARD':
    case 'SMEMBERS': {
      const count = Array.isArray(reply) ? reply.length : Number(reply)
      return { right: count > 0 && count <= total, says: `${count} values` }
    }
    default:
      return { right: false, says: `nobody knows what ${command[0]} must answer` }
  }
}
