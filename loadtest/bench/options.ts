// The flags of the bench.
import { parseArgs } from 'node:util'
import { ConfigError } from '../../services/lib/errors.ts'

/** What can be chosen. `b` brings `a` with it, because its ratios are to `a`; `0` is always beside `a`. */
export const PARTS = ['a', 'b', 'c', 'd', 'e', 'f', 'memory'] as const
export type Part = (typeof PARTS)[number]

export type BenchOptions = {
  parts: ReadonlySet<Part>
  /** Fewer and shorter rounds: does it work, and roughly what comes out. */
  quick: boolean
}

export const usage = `Usage: make bench, or node loadtest/bench/main.ts [--quick] [--only a,b,c,d,e,f,memory] [--memory]

  --quick    about a minute instead of five; leaves memory out
  --only     a       uWebSockets.js after JSON.parse (0), and the intake without a sink
             b       intake → gRPC → Kafka, beside 0 and a
             c       WebSocket → Redis, beside pipelined HINCRBY
             d       Kafka → MongoDB, beside a bare insertMany loop
             e       from acceptance to visible, the whole weather pipeline
             f       ways of appending to Kafka and of reading from it
             memory  the intake's resident memory over 2 million events
  --memory   adds memory to what --quick or --only chose

Exits 0 also when a target is missed, 1 when a measurement failed or a count was wrong, 2 for bad usage.
`

/** Undefined means that help was asked for. Throws ConfigError with every mistake. */
export function parseOptions(args: string[]): BenchOptions | undefined {
  const { tokens } = parseArgs({
    args,
    strict: false,
    tokens: true,
    options: { only: { type: 'string' } },
  })
  const mistakes: string[] = []
  let quick = false
  let memory = false
  let only: Part[] | undefined
  for (const token of tokens) {
    if (token.kind === 'positional') mistakes.push(`"${token.value}" is no flag`)
    if (token.kind !== 'option') continue
    switch (token.name) {
      case 'help':
        return undefined
      case 'quick':
        quick = true
        break
      case 'memory':
        memory = true
        break
      case 'only':
        only = readParts(token.value ?? '', mistakes)
        break
      default:
        mistakes.push(`unknown flag ${token.rawName} (see --help)`)
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  const chosen = only ?? PARTS.filter((part) => !quick || part !== 'memory')
  return { quick, parts: new Set([...chosen, ...(memory ? (['memory'] as const) : [])]) }
}

function readParts(text: string, mistakes: string[]): Part[] {
  const parts: Part[] = []
  for (const name of text.split(',')) {
    const part = PARTS.find((known) => known === name)
    if (part) parts.push(part)
    else mistakes.push(`--only: "${name}" is none of ${PARTS.join(', ')}`)
  }
  return parts
}
