// The flags of `run`: text in, checked options or the list of every mistake out.
import { parseArgs } from 'node:util'
import { parseDurationMs } from './duration.ts'

export type Engine = 'net' | 'locust'

export type RunOptions = {
  file: string
  host: URL
  /** Open connections, or Locust users. */
  concurrence: number
  requests: number
  timeoutMs: number
  engine: Engine
  /** Requests per second over all connections; without it, as fast as the answers come. */
  rate?: number
  /** Where the machine-readable report goes. */
  json?: string
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
  json: { type: 'string', short: 'j' },
  engine: { type: 'string', short: 'e' },
  users: { type: 'string', short: 'u' },
  'spawn-rate': { type: 'string', short: 's' },
  help: { type: 'boolean', short: 'h' },
} as const

/** A process may open some 20,000 sockets before Linux and macOS defaults bite. */
const MAX_CONCURRENCE = 10_000
const MAX_REQUESTS = 1_000_000_000
const MAX_TIMEOUT_MS = 24 * 3_600_000

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
  -j, --json FILE        also write the report as JSON
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
    const text = given.get(flag)
    if (text === undefined) return fallback
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    const right = value > 0 && value <= max && (!whole || Number.isInteger(value))
    const range = whole ? 'a whole number from 1' : 'a number above 0'
    if (!right) mistakes.push(`--${flag} must be ${range} to ${max}, not "${text}"`)
    return value
  }

  const file = given.get('file') ?? ''
  if (!given.has('file') || given.get('file') === '') mistakes.push('-f FILE is missing: which rows to send')
  const engine = given.get('engine') ?? 'net'
  if (engine !== 'net' && engine !== 'locust')
    mistakes.push(`--engine must be net or locust, not "${engine}"`)
  for (const flag of ['users', 'spawn-rate']) {
    if (given.has(flag) && engine !== 'locust') mistakes.push(`--${flag} needs --engine locust`)
  }
  if (given.has('users') && given.has('concurrence'))
    mistakes.push('--users and --concurrence mean the same: give one')

  const concurrence = number('users', number('concurrence', 10, MAX_CONCURRENCE), MAX_CONCURRENCE)
  const timeoutText = given.get('timeout') ?? '3m'
  const timeoutMs = parseDurationMs(timeoutText) ?? 0
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    mistakes.push(`--timeout must be a time up to 24h such as 90s, 3m or 1m30s, not "${timeoutText}"`)
  }
  const json = given.get('json')
  if (json === '') mistakes.push('--json must name a file')
  const options: RunOptions = {
    file,
    host: parseHost(given.get('host') ?? 'http://localhost:8080/input', mistakes),
    concurrence,
    requests: number('requests', 10_000, MAX_REQUESTS),
    timeoutMs,
    engine: engine === 'locust' ? 'locust' : 'net',
    spawnRate: number('spawn-rate', concurrence, MAX_CONCURRENCE, false),
    ...(given.has('rate') && { rate: number('rate', 0, 1_000_000, false) }),
    ...(json !== undefined && { json }),
  }
  if (mistakes.length > 0) throw new UsageError(mistakes)
  return options
}

function readFlags(args: string[], mistakes: string[]): Map<string, string | undefined> {
  // Not strict: parseArgs would stop at the first mistake.
  const { tokens } = parseArgs({ args, options: FLAGS, strict: false, tokens: true })
  const given = new Map<string, string | undefined>()
  for (const token of tokens) {
    if (token.kind === 'positional') mistakes.push(`"${token.value}" is not a flag`)
    if (token.kind !== 'option') continue
    const flag = FLAGS[token.name as keyof typeof FLAGS]
    if (flag === undefined) mistakes.push(`unknown flag ${token.rawName}`)
    else if (given.has(token.name)) mistakes.push(`--${token.name} is given twice`)
    else if (flag.type === 'string' && token.value === undefined)
      mistakes.push(`${token.rawName} needs a value`)
    else if (flag.type === 'boolean' && token.value !== undefined)
      mistakes.push(`${token.rawName} takes no value`)
    given.set(token.name, token.value)
  }
  return given
}

function parseHost(text: string, mistakes: string[]): URL {
  const url = /^https?:\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) mistakes.push(`--host must be a URL such as http://localhost:8080, not "${text}"`)
  else if (url.username !== '' || url.password !== '')
    mistakes.push('--host must not hold a user or password')
  if (url?.pathname === '/' && url.search === '') url.pathname = '/input'
  return url ?? new URL('http://invalid')
}
