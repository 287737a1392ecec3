// The way of one event as a table with bars on one time axis.
import { colours } from '../colours.ts'

export type Step = {
  /** A hop, a store or the client. */
  who: string
  what: string
  /** Since the POST was written. */
  fromMs: number
  toMs: number
  /**
   * `clock`: the client saw it happen. `metrics`: the hop measured it. `polls`: it happened somewhere between the
   * two, a question without it and an answer with it.
   */
  knownBy: 'clock' | 'metrics' | 'polls'
}

const BAR_CELLS = 48
const shapes = {
  clock: { cell: '█', colour: colours.bold },
  metrics: { cell: '█', colour: colours.cyan },
  polls: { cell: '░', colour: colours.yellow },
} as const

/** One line a step, in the order in which they ended. What lies beyond `axisMs` is shown by an arrow at its end. */
export function formatWaterfall(steps: Step[], axisMs: number): string[] {
  const sorted = steps.toSorted((a, b) => a.toMs - b.toMs || a.fromMs - b.fromMs)
  const width = (text: (step: Step) => string) => Math.max(...steps.map((step) => text(step).length))
  const whoWidth = width(({ who }) => who)
  const whatWidth = width(({ what }) => what)
  const end = `${formatMs(axisMs)} ms`
  const axis = `0${end.padStart(BAR_CELLS - 1)}`
  const head = `  ${''.padEnd(whoWidth + whatWidth + 2)}  ${'from'.padStart(7)}  ${'to'.padStart(7)}  ${axis}`
  const lines = sorted.map((step) => {
    const { cell, colour } = shapes[step.knownBy]
    const numbers = [step.fromMs, step.toMs].map((ms) => formatMs(ms).padStart(7)).join('  ')
    const text = `${step.who.padEnd(whoWidth)}  ${step.what.padEnd(whatWidth)}`
    return `  ${text}  ${numbers}  ${colour(barOf(step, axisMs, cell))}`.trimEnd()
  })
  return [colours.dim(head), ...lines]
}

/** At least one cell, so that what took no time is still seen. */
function barOf({ fromMs, toMs }: Step, axisMs: number, cell: string): string {
  const place = (ms: number) => Math.round((ms / axisMs) * BAR_CELLS)
  const first = Math.min(Math.max(place(fromMs), 0), BAR_CELLS - 1)
  const last = Math.min(Math.max(place(toMs), first + 1), BAR_CELLS)
  const beyond = toMs > axisMs
  return ' '.repeat(first) + cell.repeat(last - first - (beyond ? 1 : 0)) + (beyond ? '›' : '')
}

export function formatMs(ms: number): string {
  return ms.toFixed(1)
}
