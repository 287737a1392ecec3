// The flags of `run`: text in, checked options or the list of every mistake out.
import { parseArgs } from 'node:util'
import { arrivalsOf, type Stage } from './arrivals.ts'
import { parseDurationMs } from './duration.ts'
import { needsTarget, parseExpectation, type Expectation } from './expectation.ts'

export type Engine = 'net' | 'locust'

export type RunOptions = {
  file: string
  /** One run each, in turn. */
  hosts: URL[]
  /** How often each of them has its turn. */
  rounds: number
  /** Open connections, or Locust users. */
  concurrence: number
  requests: number
  timeoutMs: number
  engine: Engine
  /** Requests per second over all connections; without it, as fast as the answers come. */
  rate?: number
  /** How the rate changes; the last one goes on. */
  stages?: Stage[]
  /** What makes the run fail when it is not so. */
  expectations: Expectation[]
  /** The report of an earlier run. */
  baseline?: string
  /** The query service of the pipeline that is loaded. */
  query?: URL
  /** Where the machine-readable report goes. */
  json?: string
  /** Where the page goes. */
  html?: string
  /** Locust users started per second. */
  spawnRate: number
}

/** Bad usage: `mistakes` holds all of them, one line each. */
export class UsageError extends Error {
  readonly mistakes: string[]
  constructor(mistakes: string[]) {
    super(mistakes.join('\n'))
    this.name = 'UsageError'
    this.mistakes = mistakes
  }
}

const FLAGS = {
  file: { type: 'string', short: 'f' },
  host: { type: 'string', short: 'H' },
  concurrence: { type: 'string', short: 'c' },
  requests: { type: 'string', short: 'n' },
  timeout: { type: 'string', short: 't' },
  rate: { type: 'string', short: 'r' },
  ramp: { type: 'string' },
  stages: { type: 'string' },
  rounds: { type: 'string' },
  expect: { type: 'string' },
  baseline: { type: 'string' },
  query: { type: 'string' },
  json: { type: 'string', short: 'j' },
  html: { type: 'string' },
  engine: { type: 'string', short: 'e' },
  users: { type: 'string', short: 'u' },
  'spawn-rate': { type: 'string', short: 's' },
  help: { type: 'boolean', short: 'h' },
} as const

/** A process may open some 20,000 sockets before Linux and macOS defaults bite. */
const MAX_CONCURRENCE = 10_000
const MAX_REQUESTS = 1_000_000_000
const MAX_TIMEOUT_MS = 24 * 3_600_000
const MAX_RATE = 1_000_000
const MAX_ROUNDS = 100
const REPEATABLE = ['host', 'expect']

export const USAGE = `Usage: run -f data.json --concurrence 10 -n 10000 --timeout 3m [--host URL]

Posts the rows of a data file, one JSON object per request, exactly n times: in order, from the first
row again after the last. Exits 0 when every request was accepted (202), else 1.

  -f, --file FILE        rows: a JSON array of objects, one object per line (NDJSON), or one object
  -c, --concurrence N    connections, each with one request under way       (10)
  -n, --requests N       requests to send                                   (10000)
  -t, --timeout TIME     the whole run stops then: 90s, 3m, 1m30s           (3m)
  -H, --host URL         without a path it gets /input       (http://localhost:8080/input)
  -r, --rate N           requests per second; latency then counts from the instant a request was due,
                         so a stalled server cannot hide behind unsent requests
      --ramp TIME        the rate begins with 0 and is reached after this time
      --stages LIST      a rate that changes: 30s:1000,1m:1000,10s:0 rises to 1000 a second in 30 s, stays for a
                         minute, falls to 0; without -n it sends what is due until the end
      --expect RULE      such as "p99<50ms", "rate>=1000", "errors<=1%"; more than one may be given; of p50 p90
                         p99 p99.9 max rate accepted errors, and with --query redis.p50 redis.p99 mongodb.p50
                         mongodb.p99 missing. Exits 3 when one is missed
      --baseline FILE    the --json of an earlier run: what is better or worse, beyond the noise
      --query URL        the pipeline's query service: whether every store got all, and how soon
      --rounds N         with more than one --host: each gets the whole run N times, in turn      (1)
  -j, --json FILE        also write the report as JSON
      --html FILE        also write it as a page with plots
  -e, --engine NAME      net (own sender) or locust (installed on first use) (net)
  -u, --users N          locust: users                                      (as --concurrence)
  -s, --spawn-rate N     locust: users started per second                   (all at once)
  -h, --help             this text
`

/** Undefined means help was asked for. Throws a UsageError with every mistake found. */
export function parseOptions(args: string[]): RunOptions | undefined {
  const mistakes: string[] = []
  const given = readFlags(args, mistakes)
  if (given.has('help')) return undefined

  const number = (flag: string, fallback: number, max: number, whole = true) => {
    const text = given.get(flag)?.at(-1)
    if (text === undefined) return fallback
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    const right = value > 0 && value <= max && (!whole || Number.isInteger(value))
    const range = whole ? 'a whole number from 1' : 'a number above 0'
    if (!right) mistakes.push(`--${flag} must be ${range} to ${max}, not "${text}"`)
    return value
  }

  const one = (flag: string) => given.get(flag)?.at(-1)
  const file = one('file') ?? ''
  if (file === '') mistakes.push('-f FILE is missing: which rows to send')
  const engine = one('engine') ?? 'net'
  if (engine !== 'net' && engine !== 'locust')
    mistakes.push(`--engine must be net or locust, not "${engine}"`)
  for (const flag of ['users', 'spawn-rate']) {
    if (given.has(flag) && engine !== 'locust') mistakes.push(`--${flag} needs --engine locust`)
  }
  if (given.has('users') && given.has('concurrence'))
    mistakes.push('--users and --concurrence mean the same: give one')

  const concurrence = number('users', number('concurrence', 10, MAX_CONCURRENCE), MAX_CONCURRENCE)
  const timeoutText = one('timeout') ?? '3m'
  const timeoutMs = parseDurationMs(timeoutText) ?? 0
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    mistakes.push(`--timeout must be a time up to 24h such as 90s, 3m or 1m30s, not "${timeoutText}"`)
  }
  const files = Object.fromEntries(
    ['json', 'html', 'baseline'].flatMap((flag) => {
      const name = one(flag)
      if (name === '') mistakes.push(`--${flag} must name a file`)
      return name === undefined ? [] : [[flag, name]]
    }),
  )
  const rate = given.has('rate') ? number('rate', 0, MAX_RATE, false) : undefined
  const stages = readStages(one('stages'), one('ramp'), rate, mistakes)
  const expectations = (given.get('expect') ?? []).flatMap((text) => {
    const expectation = parseExpectation(text)
    if (typeof expectation !== 'string') return [expectation]
    mistakes.push(`--expect ${expectation}`)
    return []
  })
  if (!given.has('query') && expectations.some(needsTarget))
    mistakes.push('--expect of a store needs --query: only the query service knows it')
  for (const flag of ['stages', 'ramp', 'query', 'html'])
    if (given.has(flag) && engine === 'locust') mistakes.push(`--${flag} needs --engine net`)
  const hosts = given.get('host') ?? ['http://localhost:8080/input']
  if (hosts.length > 1 && given.has('query')) mistakes.push('--query is of one pipeline: give one --host')
  const query = one('query')
  const options: RunOptions = {
    file,
    hosts: hosts.map((host) => parseHost('host', host, mistakes)),
    rounds: number('rounds', 1, MAX_ROUNDS),
    concurrence,
    requests: number(
      'requests',
      (given.has('stages') && stages && arrivalsOf(stages).total) || 10_000,
      MAX_REQUESTS,
    ),
    timeoutMs,
    engine: engine === 'locust' ? 'locust' : 'net',
    spawnRate: number('spawn-rate', concurrence, MAX_CONCURRENCE, false),
    expectations,
    ...(rate !== undefined && { rate }),
    ...(stages && { stages }),
    ...(query !== undefined && { query: parseHost('query', query, mistakes) }),
    ...files,
  }
  if (stages?.at(-1)?.rate === 0 && options.requests > arrivalsOf(stages).total)
    mistakes.push(`--stages end at 0 after ${arrivalsOf(stages).total} requests, fewer than -n`)
  if (mistakes.length > 0) throw new UsageError(mistakes)
  return options
}

/** `30s:1000,1m:0`, or a ramp to a rate that stays. */
function readStages(
  list: string | undefined,
  ramp: string | undefined,
  rate: number | undefined,
  mistakes: string[],
): Stage[] | undefined {
  if (list !== undefined && (rate !== undefined || ramp !== undefined))
    mistakes.push('--stages say the rate: give no --rate or --ramp')
  const stages = list?.split(',').map((text) => {
    const [, time = '', to = ''] = /^([^:]+):(\d+(?:\.\d+)?)$/.exec(text.trim()) ?? []
    const ms = parseDurationMs(time)
    if (!ms || Number(to) > MAX_RATE)
      mistakes.push(`--stages must be like 30s:1000,1m:0 with rates up to ${MAX_RATE}, not "${text}"`)
    return { seconds: (ms ?? 0) / 1_000, rate: Number(to) }
  })
  if (ramp !== undefined) {
    const ms = parseDurationMs(ramp)
    if (!ms) mistakes.push(`--ramp must be a time such as 10s, not "${ramp}"`)
    if (rate === undefined) mistakes.push('--ramp needs --rate: what to rise to')
    return ms && rate !== undefined ? [{ seconds: ms / 1_000, rate }] : undefined
  }
  if (stages && stages.every((stage) => stage.rate === 0)) mistakes.push('--stages never send anything')
  return stages
}

function readFlags(args: string[], mistakes: string[]): Map<string, string[]> {
  // Not strict: parseArgs would stop at the first mistake.
  const { tokens } = parseArgs({ args, options: FLAGS, strict: false, tokens: true })
  const given = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind === 'positional') mistakes.push(`"${token.value}" is not a flag`)
    if (token.kind !== 'option') continue
    const flag = FLAGS[token.name as keyof typeof FLAGS]
    if (flag === undefined) mistakes.push(`unknown flag ${token.rawName}`)
    else if (given.has(token.name) && !REPEATABLE.includes(token.name))
      mistakes.push(`--${token.name} is given twice`)
    else if (flag.type === 'string' && token.value === undefined)
      mistakes.push(`${token.rawName} needs a value`)
    else if (flag.type === 'boolean' && token.value !== undefined)
      mistakes.push(`${token.rawName} takes no value`)
    given.set(token.name, [
      ...(given.get(token.name) ?? []),
      ...(token.value === undefined ? [] : [token.value]),
    ])
  }
  return given
}

function parseHost(flag: 'host' | 'query', text: string, mistakes: string[]): URL {
  const url = /^https?:\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) mistakes.push(`--${flag} must be a URL such as http://localhost:8080, not "${text}"`)
  else if (url.username !== '' || url.password !== '')
    mistakes.push(`--${flag} must not hold a user or password`)
  if (flag === 'host' && url?.pathname === '/' && url.search === '') url.pathname = '/input'
  return url ?? new URL('http://invalid')
}
