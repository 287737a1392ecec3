// Lets promtool check the rules, and provoke each alert with made-up series.
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Yaml } from 'cdk8s'
import { preparePrometheus } from '../../local/monitoring/tools.ts'
import { projectRoot } from '../../local/session.ts'
import { pipelines } from '../../pipelines/all.ts'
import { deliveryCases, hypothesisCases } from '../measure-cases.ts'
import { alertCasesOf, recordCasesOf } from './rule-cases.ts'
import { rulesOf } from './rules.ts'

const INTERVAL = '15s'
const LOOKED_AT = '15m'
// Half a minute where nothing else runs.
const DEADLINE_MS = 180_000

const dir = join(projectRoot, '.local', 'rules')
await rm(dir, { recursive: true, force: true })
await mkdir(dir, { recursive: true })
const groups = rulesOf(pipelines)
const alertCases = alertCasesOf(pipelines)
const recordCases = recordCasesOf(pipelines)
// What judges a new version, and what says whether an experiment went well.
const measureCases = [...deliveryCases(), ...hypothesisCases()]
const untested = groups
  .flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : [])))
  .filter(
    (name) =>
      ![true, false].every((fires) => alertCases.some((each) => each.alert === name && each.fires === fires)),
  )
if (untested.length > 0)
  throw new Error(`no test that provokes, or none that does not: ${untested.join(', ')}`)

const seriesOf = (series: Record<string, string>) =>
  Object.entries(series).map(([name, values]) => ({ series: name, values }))
const tests = [
  ...alertCases.map(({ alert, because, series, fires }) => ({
    name: `${alert} ${fires ? 'fires' : 'is silent'}: ${because}`,
    interval: INTERVAL,
    input_series: seriesOf(series),
    promql_expr_test: [
      {
        expr: `group by (alertname) (ALERTS{alertname="${alert}", alertstate="firing"})`,
        eval_time: LOOKED_AT,
        exp_samples: fires ? [{ labels: `{alertname="${alert}"}`, value: 1 }] : [],
      },
    ],
  })),
  ...[...recordCases, ...measureCases].map(({ what, series, expr, samples }) => ({
    name: what,
    interval: INTERVAL,
    input_series: seriesOf(series),
    promql_expr_test: [{ expr, eval_time: LOOKED_AT, exp_samples: samples }],
  })),
]
await writeFile(join(dir, 'rules.yaml'), Yaml.stringify({ groups }))
await writeFile(
  join(dir, 'tests.yaml'),
  Yaml.stringify({ rule_files: ['rules.yaml'], evaluation_interval: INTERVAL, tests }),
)

const { promtool } = await preparePrometheus((line) => console.error(line))
for (const args of [
  ['check', 'rules', 'rules.yaml'],
  ['test', 'rules', 'tests.yaml'],
]) {
  const { failure, output } = await run(promtool, args)
  process.stdout.write(
    `promtool ${args.slice(0, 2).join(' ')}: ${output
      .trim()
      .split('\n')
      .slice(failure ? 0 : -1)
      .join('\n')}\n`,
  )
  if (failure) process.exitCode = 1
}
const alerts = new Set(alertCases.map(({ alert }) => alert)).size
process.stdout.write(
  `${alerts} alerts, ${alertCases.length} cases of them; ${recordCases.length} of recordings, ${measureCases.length} of analyses and hypotheses\n`,
)

async function run(program: string, args: string[]): Promise<{ failure: boolean; output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: dir, timeout: DEADLINE_MS })
    return { failure: false, output: stdout + stderr }
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
    return { failure: true, output: stdout + stderr || String(cause) }
  }
}
