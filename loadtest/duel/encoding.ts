// Encoding alone: from JSON text to checked bytes, in a process of its own.
import { fileURLToPath } from 'node:url'
import { nodeFlags } from '../../pipelines/pipeline.ts'
import { lastLines, runProgram } from '../bench/run-program.ts'
import type { Part } from './duel.ts'
import { tableOf } from './tables.ts'

const full = { rounds: 5, turnMs: 400 }
const quick = { rounds: 2, turnMs: 100 }
const DEADLINE_MS = 60_000
const program = fileURLToPath(new URL('encoding-process.ts', import.meta.url))

export const measureEncoding: Part = async ({ pipeline, rowsFile, quick: isQuick, say }) => {
  const { rounds, turnMs } = isQuick ? quick : full
  say(`${rounds} rounds of ${turnMs} ms`)
  const args = [...nodeFlags, program, pipeline.event, rowsFile, String(rounds), String(turnMs)]
  const ended = await runProgram(process.execPath, args, DEADLINE_MS)
  if (ended.code !== 0) throw new Error(`the encoders failed:\n  ${lastLines(ended)}`)
  const results = JSON.parse(ended.stdout) as Record<string, number[]>
  return {
    encoding: tableOf({
      title: 'Encoding alone: JSON text → checked bytes',
      columns: { micros: { title: 'an event', unit: 'µs' } },
      rows: {
        libraries: 'protobuf-es and protovalidate',
        js: 'compiled JavaScript (the intake’s)',
        wasm: 'WebAssembly (encode=wasm)',
      },
      plots: [{ title: 'Encoding an event', columns: ['micros'], scale: 'linear' }],
      remarks: [`${rounds} rounds of ${turnMs} ms over all rows, one thread; all three give the same bytes`],
      cells: (way) => results[way] ?? [],
    }),
  }
}
