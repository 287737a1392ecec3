// The command line of a hop. Every mistake is listed at once.
import { parseArgs } from 'node:util'
import { parseEndpoint, type Endpoint, type SchemeRules } from '../lib/endpoint.ts'
import { ConfigError } from '../lib/errors.ts'
import { secretParameter } from '../lib/secret.ts'
import { readTracing, type TracingOptions } from './trace-options.ts'

export const usage = `hop --event <message> --pipeline <name> --partitions <n> --from <url> --to <url> [--then <url>]
  --event       the event message, e.g. scenarios.WeatherTweet
  --pipeline    the pipeline's name; the hash tag of its keys in Redis
  --partitions  how many partitions events are numbered over; that of the topic
  --from        http://host:port[?encode=wasm]  the public intake: events of clients, as JSON
                hop-http://host:port | connect://host:port | grpc://host:port | ws://host:port  batches of hops
                kafka://host:port[,…]/topic?group=name[&wait-ms=50][&secret=name]
                redis-pubsub://host:port/channel | redis-stream://host:port?group=name
                mongodb://host:port[,…]/database  the log of a pipeline without Kafka
  --to          hop-http://host:port | connect://host:port | grpc://host:port[?client=grpc-js|connect] |
                ws://host:port | kafka://host:port[,…]/topic[?secret=name] | redis-pubsub://host:port/channel |
                redis-stream://host:port[?backlog-bytes=67108864] | redis://host:port (the live views) |
                mongodb://host:port[,…]/database      (may be repeated: all must have a batch)
                secret: a folder in /etc/freshet/secrets with user, password, ca, cert, key; it means TLS
  --then        as --to; gets what is stored, once, best effort           (may be repeated)
  --name        the name of this hop, in documents and metrics (default hop)
  --lanes       batches in flight; a partition always uses the same lane (default 1)
  --admin       http://host:port for /healthz, /readyz, /metrics; an http source serves them too
  --deadline-ms how long a client of an intake waits for its answer (default 10000)
  --queue-bytes the most that an intake queues (default 33554432)

Tracing is off unless the environment says where spans go:
  OTEL_EXPORTER_OTLP_ENDPOINT  http://host:4318, or all of the URL in OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  OTEL_TRACES_SAMPLER_ARG      how many requests are traced whose client does not decide, 0 to 1 (default 0)
`

const port: SchemeRules = { parameters: {} }
const topic: SchemeRules['path'] = { name: 'topic', required: true }
const kafka: SchemeRules = {
  defaultPort: 9092,
  manyHosts: true,
  path: topic,
  parameters: { secret: secretParameter },
}
const group = {
  required: true,
  pattern: /^[A-Za-z0-9._-]{1,249}$/,
  rule: 'may hold letters, digits, . _ - only',
}

/** How long a fetch may wait for more records: the price in freshness of reading in useful pieces. */
const waitMs = {
  pattern: /^([1-9]\d{0,2}|[1-4]\d{3}|5000)$/,
  rule: 'is a number of milliseconds from 1 to 5000',
}

/** What a stream may hold that its readers have not acknowledged, for each partition. */
const backlogBytes = {
  pattern: /^[1-9]\d{5,10}$/,
  rule: 'is a number of bytes from 100000 to 99999999999',
}
const mongodb: SchemeRules = {
  defaultPort: 27017,
  manyHosts: true,
  path: { name: 'database', required: true },
  parameters: {},
}
const redis: SchemeRules = { defaultPort: 6379, parameters: {} }
const channel: SchemeRules = { ...redis, path: { name: 'channel', required: true } }

const sources: Record<string, SchemeRules> = {
  http: { parameters: { encode: { pattern: /^(js|wasm)$/, rule: 'is js or wasm' } } },
  'hop-http': port,
  connect: port,
  grpc: port,
  ws: port,
  kafka: { ...kafka, parameters: { ...kafka.parameters, group, 'wait-ms': waitMs } },
  'redis-pubsub': channel,
  'redis-stream': { ...redis, parameters: { group } },
  mongodb,
}
const sinks: Record<string, SchemeRules> = {
  'hop-http': port,
  connect: port,
  grpc: { parameters: { client: { pattern: /^(grpc-js|connect)$/, rule: 'is grpc-js or connect' } } },
  ws: port,
  kafka,
  'redis-pubsub': channel,
  'redis-stream': { ...redis, parameters: { 'backlog-bytes': backlogBytes } },
  redis,
  mongodb,
}

export type HopArguments = {
  event: string
  pipeline: string
  partitions: number
  from: Endpoint
  to: Endpoint[]
  fastPaths: Endpoint[]
  name: string
  lanes: number
  admin: Endpoint | undefined
  deadlineMs: number
  queueBytes: number
  /** Undefined when tracing is off. */
  tracing?: TracingOptions | undefined
}

/** Reads the arguments, and from the environment what tracing needs. Throws ConfigError with every mistake. */
export function readArguments(
  argv: string[],
  env: Readonly<Record<string, string | undefined>> = {},
): HopArguments {
  const mistakes: string[] = []
  const single = [
    'event',
    'pipeline',
    'partitions',
    'from',
    'name',
    'lanes',
    'admin',
    'deadline-ms',
    'queue-bytes',
  ] as const
  const { tokens } = parseArgs({
    args: argv,
    strict: false,
    tokens: true,
    options: Object.fromEntries([...single, 'to', 'then'].map((name) => [name, { type: 'string' as const }])),
  })
  const given = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind === 'positional') mistakes.push(`${token.value}: is no option (see --help)`)
    if (token.kind !== 'option') continue
    if (![...single, 'to', 'then'].includes(token.name))
      mistakes.push(`${token.rawName}: unknown option (see --help)`)
    else if (!token.value) mistakes.push(`${token.rawName}: the value is missing`)
    else given.set(token.name, [...(given.get(token.name) ?? []), token.value])
  }
  const one = (name: (typeof single)[number], fallback?: string): string => {
    const values = given.get(name) ?? []
    if (values.length > 1) mistakes.push(`--${name}: is given ${values.length} times`)
    if (values.length === 0 && fallback === undefined) mistakes.push(`--${name}: is missing`)
    return values[0] ?? fallback ?? ''
  }
  const integer = (name: (typeof single)[number], low: number, high: number, fallback?: string): number => {
    const text = one(name, fallback)
    const value = /^\d+$/.test(text) ? Number(text) : NaN
    if (text !== '' && !(value >= low && value <= high))
      mistakes.push(`--${name} ${text}: must be an integer from ${low} to ${high}`)
    return value
  }
  const named = (name: 'pipeline' | 'name', fallback?: string): string => {
    const text = one(name, fallback)
    if (text !== '' && !/^[a-z0-9][a-z0-9-]{0,62}$/.test(text)) {
      mistakes.push(`--${name} ${text}: may hold small letters, digits and - only, 63 at most`)
    }
    return text
  }
  const many = (name: 'to' | 'then') =>
    (given.get(name) ?? []).map((url) => parseEndpoint(`--${name}`, url, sinks, mistakes))
  const from = one('from')
  const admin = given.has('admin') ? one('admin') : undefined
  const read: HopArguments = {
    event: one('event'),
    pipeline: named('pipeline'),
    partitions: integer('partitions', 1, 10_000),
    from:
      from === ''
        ? { url: '', scheme: '', hosts: [], path: '', parameters: new Map() }
        : parseEndpoint('--from', from, sources, mistakes),
    to: many('to'),
    fastPaths: many('then'),
    name: named('name', 'hop'),
    lanes: integer('lanes', 1, 64, '1'),
    admin: admin === undefined ? undefined : parseEndpoint('--admin', admin, { http: port }, mistakes),
    deadlineMs: integer('deadline-ms', 100, 600_000, '10000'),
    queueBytes: integer('queue-bytes', 65_536, 4_294_967_296, '33554432'),
  }
  if (read.to.length === 0) mistakes.push('--to: is missing')
  const tracing = readTracing(env, mistakes)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return tracing ? { ...read, tracing } : read
}
