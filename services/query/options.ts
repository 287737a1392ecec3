// The command line.
import { parseArgs } from 'node:util'
import { parseEndpoint, type Endpoint, type SchemeRules } from '../lib/endpoint.ts'
import { ConfigError } from '../lib/errors.ts'
import { secretParameter } from '../lib/secret.ts'
import { loadEventType, type EventType } from '../lib/event-type.ts'
import { viewsOf, type ViewKeys } from '../lib/views.ts'

export type Options = {
  eventType: EventType
  pipeline: string
  keys: ViewKeys
  listen: Endpoint
  live: Endpoint
  log: Endpoint
  /** Undefined where MongoDB is the log. */
  kafka: Endpoint | undefined
  /** Consumer groups whose lag is shown. The first is the one that brings Kafka's log to MongoDB. */
  groups: string[]
  /** The origin whose pages may read here, beside our own. */
  allowOrigin: string | undefined
}

export const usage = `usage: query --event <message> --pipeline <name>
             --listen http://<host>:<port>
             --live   redis://<host>[:6379]
             --log    mongodb://<host>[:27017][,<host>…]/<database>
             [--kafka kafka://<host>[:9092][,<host>…]/<topic>[?secret=<name>]  absent where MongoDB is the log
              --groups archiver,repair]                        whose lag is shown; the first stores in MongoDB
             [--allow-origin https://<host>]                   whose pages may read here, beside our own`

const required = ['event', 'pipeline', 'listen', 'live', 'log'] as const
const names = [...required, 'kafka', 'groups', 'allow-origin'] as const
type Name = (typeof names)[number]

/** Pipelines name Redis hash tags and Kubernetes objects. */
const PIPELINE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
/** As browsers send it: nothing behind the host and port. */
const ORIGIN = /^https?:\/\/[a-z0-9.-]+(:\d+)?$/
const GROUP = /^[A-Za-z0-9._-]{1,249}$/

const schemes: Record<'listen' | 'live' | 'log' | 'kafka', Record<string, SchemeRules>> = {
  listen: { http: { parameters: {} } },
  live: { redis: { defaultPort: 6379, parameters: {} } },
  log: {
    mongodb: {
      defaultPort: 27017,
      manyHosts: true,
      path: { name: 'database', required: true },
      parameters: {},
    },
  },
  kafka: {
    kafka: {
      defaultPort: 9092,
      manyHosts: true,
      path: { name: 'topic', required: true },
      parameters: { secret: secretParameter },
    },
  },
}

/** Reads the arguments. Throws ConfigError with every mistake. */
export function parseOptions(args: string[]): Options {
  const mistakes: string[] = []
  const given = collect(args, mistakes)
  for (const name of required) if (!given.has(name)) mistakes.push(`--${name} is missing`)
  if (given.has('groups') && !given.has('kafka')) mistakes.push('--groups is of --kafka, and that is missing')
  const { pipeline, groups = 'archiver,repair' } = Object.fromEntries(given) as Partial<Record<Name, string>>
  if (pipeline !== undefined && !PIPELINE.test(pipeline)) {
    mistakes.push(`--pipeline ${pipeline}: lower-case letters, digits and - within, at most 63`)
  }
  const groupNames = groups.split(',')
  for (const group of groupNames) {
    if (!GROUP.test(group)) mistakes.push(`--groups ${groups}: "${group}" is no consumer group's name`)
  }
  const allowOrigin = given.get('allow-origin')
  if (allowOrigin !== undefined && !ORIGIN.test(allowOrigin))
    mistakes.push(`--allow-origin ${allowOrigin}: is no origin such as https://pages.example.com`)
  const endpoint = (name: keyof typeof schemes) => {
    const url = given.get(name)
    return url === undefined ? undefined : parseEndpoint(`--${name}`, url, schemes[name], mistakes)
  }
  const [listen, live, log, kafka] = [
    endpoint('listen'),
    endpoint('live'),
    endpoint('log'),
    endpoint('kafka'),
  ]
  const scenario = loadScenario(given.get('event'), pipeline, mistakes)
  if (mistakes.length > 0 || !listen || !live || !log || !scenario) throw new ConfigError(mistakes)
  return { ...scenario, pipeline: pipeline!, listen, live, log, kafka, groups: groupNames, allowOrigin }
}

function loadScenario(event: string | undefined, pipeline: string | undefined, mistakes: string[]) {
  if (!event) return undefined
  try {
    const eventType = loadEventType(event)
    return { eventType, keys: viewsOf(eventType.schema, pipeline ?? '') }
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    mistakes.push(...cause.mistakes)
    return undefined
  }
}

function collect(args: string[], mistakes: string[]): Map<Name, string> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true })
  const given = new Map<Name, string>()
  for (const token of tokens) {
    if (token.kind === 'positional') mistakes.push(`"${token.value}" belongs to no option`)
    if (token.kind !== 'option') continue
    const name = names.find((candidate) => candidate === token.name)
    if (!name)
      mistakes.push(`${token.rawName} is no option (here: ${names.map((known) => `--${known}`).join(', ')})`)
    else if (given.has(name)) mistakes.push(`--${name} is given twice`)
    else if (!token.value) mistakes.push(`--${name} needs a value`)
    if (name && !given.has(name)) given.set(name, token.value ?? '')
  }
  return given
}
