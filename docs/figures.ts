// The figures in the documents are those of the reports that they name. A figure is a link whose text begins with it:
// [31,038 events/s](reports/bench.json#b512.median). `node docs/figures.ts` lists what is not so and exits 1; with
// --write it puts the report's figures into the texts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const docsDir = fileURLToPath(new URL('.', import.meta.url))

export type Mistake = { line: number; text: string; mistake: string }

const FIGURE = /\[([^\]\n]+)\]\(([^)\s]*reports\/[\w-]+\.json)#([^)\s]+)\)/g
/** A number as people write it, and what follows: 31,038 events/s; 0.46; 76 %; 1.66 million/s. */
const NUMBER = /^(-?[\d,]+(?:\.(\d+))?)(\s?%|\s?million)?/
const factors: Record<string, number> = { '%': 100, million: 1e-6 }

/** Compares every figure of a text with its report; `corrected` has the reports' figures instead. */
export function checkFigures(
  text: string,
  readReport: (path: string) => unknown,
): { corrected: string; mistakes: Mistake[] } {
  const mistakes: Mistake[] = []
  const corrected = text.replaceAll(
    FIGURE,
    (whole, shown: string, path: string, selector: string, at: number) => {
      const line = text.slice(0, at).split('\n').length
      const wrong = (mistake: string) => void mistakes.push({ line, text: shown, mistake })
      let value: unknown
      try {
        value = select(readReport(path), selector)
      } catch (cause) {
        wrong(`${path}: ${(cause as Error).message}`)
        return whole
      }
      const expected = typeof value === 'number' ? likeShown(shown, value) : String(value)
      if (expected === undefined) wrong('begins with no number')
      else if (expected !== shown) wrong(`${path}#${selector} says ${expected}`)
      return expected === undefined ? whole : `[${expected}](${path}#${selector})`
    },
  )
  return { corrected, mistakes }
}

/** The value in the form, and with as many decimals, as the text has it; undefined when it begins with no number. */
function likeShown(shown: string, value: number): string | undefined {
  const found = NUMBER.exec(shown)
  if (!found) return undefined
  const [whole, , decimals = '', unit = ''] = found
  const digits = decimals.length
  const scaled = value * (factors[unit.trim()] ?? 1)
  const written = scaled.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return written + unit + shown.slice(whole.length)
}

/** `name.path`: the object with this name anywhere in the report, or a key of the report, and what is in it. */
function select(report: unknown, selector: string): unknown {
  const [first = '', ...path] = selector.split('.')
  let value = findNamed(report, first) ?? (report as Record<string, unknown>)[first]
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key]
  if (typeof value !== 'number' && typeof value !== 'string') throw new Error(`has no ${selector}`)
  return value
}

function findNamed(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if ((value as { name?: unknown }).name === name) return value
  for (const part of Object.values(value)) {
    const found = findNamed(part, name)
    if (found !== undefined) return found
  }
  return undefined
}

function main(write: boolean): number {
  const files = [join(docsDir, '../README.md'), ...readdirSync(docsDir).map((name) => join(docsDir, name))]
  let wrong = 0
  for (const file of files.filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(file, 'utf8')
    const { corrected, mistakes } = checkFigures(
      text,
      (path) => JSON.parse(readFileSync(join(dirname(file), path), 'utf8')) as unknown,
    )
    if (write) writeFileSync(file, corrected)
    else wrong += mistakes.length
    for (const { line, text: shown, mistake } of mistakes)
      process.stderr.write(`${relative(join(docsDir, '..'), file)}:${line}: "${shown}": ${mistake}\n`)
  }
  return wrong === 0 ? 0 : 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = main(process.argv.includes('--write'))
