// The flags of the duel.
import { parseArgs } from 'node:util'
import { ConfigError } from '../../services/lib/errors.ts'

/** What can be chosen of the routes' duel. */
export const PARTS = ['encoding', 'transport', 'batching', 'wire', 'whole'] as const
export type Part = (typeof PARTS)[number]

export type DuelOptions = {
  what: 'routes' | 'ingress'
  parts: ReadonlySet<Part>
  /** One short round: does it work, and roughly what comes out. */
  quick: boolean
}

export const usage = `Usage: make duel [WHAT=ingress], or node loadtest/duel/main.ts [--what routes|ingress] [--quick]
       [--only encoding,transport,batching,wire,whole]

  --what     routes   the ways from the intake to the log, on the same data (10 minutes at most)
             ingress  the same intake behind nginx, Envoy, Traefik and nothing (5 minutes at most)
  --quick    one short round of each
  --only     parts of the routes' duel

Exits 0 when all was measured, 1 when a part or a row failed or an event was lost where none may be, 2 for bad usage.
`

/** Undefined means that help was asked for. Throws ConfigError with every mistake. */
export function parseOptions(args: string[]): DuelOptions | undefined {
  const value = { type: 'string' } as const
  const { tokens } = parseArgs({ args, strict: false, tokens: true, options: { only: value, what: value } })
  const mistakes: string[] = []
  let what: DuelOptions['what'] = 'routes'
  let parts: readonly Part[] | undefined
  let quick = false
  for (const token of tokens) {
    if (token.kind === 'positional') mistakes.push(`"${token.value}" is no flag`)
    if (token.kind !== 'option') continue
    switch (token.name) {
      case 'help':
        return undefined
      case 'quick':
        quick = true
        break
      case 'what':
        if (token.value === 'routes' || token.value === 'ingress') what = token.value
        else mistakes.push(`--what: "${token.value ?? ''}" is neither routes nor ingress`)
        break
      case 'only':
        parts = (token.value ?? '').split(',').flatMap((name) => {
          const part = PARTS.find((known) => known === name)
          if (!part) mistakes.push(`--only: "${name}" is none of ${PARTS.join(', ')}`)
          return part ? [part] : []
        })
        break
      default:
        mistakes.push(`unknown flag ${token.rawName} (see --help)`)
    }
  }
  if (parts && what === 'ingress') mistakes.push('--only: the duel of ingresses has no parts')
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return { what, parts: new Set(parts ?? PARTS), quick }
}
