// Patterns that can be matched without going back: a chain of ASCII classes with counts, such as
// ^[0-9]{1,2}-[0-9]{1,2}$. On these every regular expression engine agrees.

export type PatternStep = {
  /** Which of the 128 ASCII characters. */
  ascii: boolean[]
  least: number
  most: number
}

const CLASS =
  /^(?:\[((?:\\[-\]\\^.]|[^\]\\^[])+)\]|(\\d)|\\([.\-+*?$^()[\]{}|/\\])|([A-Za-z0-9 _:,/@#%&=;<>~'"!-]))/
const COUNT = /^(?:\{(\d{1,3})(,(\d{1,3})?)?\}|([+*?]))/
const counts: Record<string, [least: number, most: number]> = {
  '+': [1, Infinity],
  '*': [0, Infinity],
  '?': [0, 1],
}

/** Takes a pattern apart; undefined when it is anything else, or taking all that a step allows could be wrong. */
export function planPattern(pattern: string): PatternStep[] | undefined {
  if (!/^\^[\0-\x7f]*\$$/.test(pattern)) return undefined
  const steps: PatternStep[] = []
  for (let rest = pattern.slice(1, -1); rest !== '';) {
    const found = CLASS.exec(rest)
    if (!found) return undefined
    const [text, inside, digits, escaped, letter] = found
    const ascii = digits ? classOf('0-9') : inside ? classOf(inside) : classOf(`\\${escaped ?? letter!}`)
    if (!ascii) return undefined
    rest = rest.slice(text.length)
    const count = COUNT.exec(rest)
    rest = rest.slice(count?.[0].length ?? 0)
    // A second quantifier, or a lazy one.
    if (count && COUNT.test(rest)) return undefined
    const least = Number(count?.[1] ?? 1)
    const most = count?.[2] ? Number(count[3] ?? Infinity) : least
    const [low, high] = count?.[4] ? counts[count[4]]! : [least, most]
    if (low > high) return undefined
    steps.push({ ascii, least: low, most: high })
  }
  return steps.every((step, index) => isDecided(step, steps.slice(index + 1))) ? steps : undefined
}

/** Whether a character that a step of several lengths may take can never belong to what follows it. */
function isDecided({ ascii, least, most }: PatternStep, following: PatternStep[]): boolean {
  if (least === most) return true
  const first = following.findIndex((step) => step.least > 0)
  const possible = first < 0 ? following : following.slice(0, first + 1)
  return possible.every((step) => step.ascii.every((held, code) => !held || !ascii[code]))
}

/** The inside of a class: characters, ranges, and characters behind a backslash. */
function classOf(inside: string): boolean[] | undefined {
  const ascii = Array.from({ length: 128 }, () => false)
  const tokens = [...inside.matchAll(/\\?([^])/g)].map(([text, sign]) => ({
    code: sign!.charCodeAt(0),
    dash: text === '-',
  }))
  for (let at = 0; at < tokens.length; at++) {
    const first = tokens[at]!.code
    const last = tokens[at + 1]?.dash && tokens[at + 2] ? tokens[(at += 2)]!.code : first
    if (last < first) return undefined
    ascii.fill(true, first, last + 1)
  }
  return ascii
}
