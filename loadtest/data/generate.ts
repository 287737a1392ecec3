// Data sets for load tests: a scenario's name goes in, a JSON array with one row per line comes out.
//
//     node loadtest/data/generate.ts weather > loadtest/data/weather.json
//
// A scenario is one file here, `<scenario>.ts`, that exports `generateRows(random): object[]`. The seed is
// fixed, so the same generator writes the same bytes.
import { readdir } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { seededRandom, type Random } from './random.ts'

const SEED = 20_261_121

type Scenario = { generateRows?: (random: Random) => object[] }

/** The data set's text, or undefined when no file of that name generates one. */
export async function generate(scenario: string): Promise<string | undefined> {
  const files = await readdir(new URL('.', import.meta.url))
  if (!/^[a-z-]+$/.test(scenario) || !files.includes(`${scenario}.ts`)) return undefined
  // Only scenarios are loaded: importing this file by its own name would not end.
  if (scenario === 'generate') return undefined
  const { generateRows } = (await import(new URL(`${scenario}.ts`, import.meta.url).href)) as Scenario
  if (generateRows === undefined) return undefined
  const rows = generateRows(seededRandom(SEED))
  return `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [scenario = ''] = process.argv.slice(2)
  const text = await generate(scenario)
  if (text === undefined) {
    process.stderr.write(
      `generate: no scenario "${scenario}" here; usage: node loadtest/data/generate.ts weather\n`,
    )
    process.exitCode = 2
  } else process.stdout.write(text)
}
