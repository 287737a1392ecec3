// From the JSON text of an event to its checked bytes, three ways, in turns. Prints microseconds an event as JSON.
// Arguments: event message, file of rows, rounds, milliseconds of a turn.
import { fromJsonString, toBinary } from '@bufbuild/protobuf'
import { createValidator } from '@bufbuild/protovalidate'
import { parseJson } from '../../services/hop/sources/json.ts'
import { loadWasmEncoder } from '../../services/hop/wasm-encoder.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { quiet } from '../bench/topics.ts'
import { takeTurns } from '../bench/turns.ts'
import { readRows } from '../data-file.ts'

const [event, rowsFile, rounds, turnMs] = process.argv.slice(2) as [string, string, string, string]
const eventType = loadEventType(event)
const { schema } = eventType
const validator = createValidator()
const encodeInWasm = await loadWasmEncoder(eventType, quiet)
/** Under the schema's own names: the libraries know no aliases. */
const texts = (await readRows(rowsFile)).map((row) =>
  Buffer.from(JSON.stringify(eventType.toDocument(eventType.encode(row).bytes))),
)

const ways = {
  libraries(text: Buffer) {
    const message = fromJsonString(schema, text.toString('utf8'))
    if (validator.validate(schema, message).kind !== 'valid') throw new Error(`not valid: ${text.toString()}`)
    return toBinary(schema, message)
  },
  js: (text: Buffer) => eventType.encode(parseJson(text)).bytes,
  wasm(text: Buffer) {
    const encoded = encodeInWasm(text)
    if (!encoded) throw new Error(`the module is not certain of ${text.toString()}`)
    return encoded.bytes
  },
}
type Way = keyof typeof ways

for (const text of texts) {
  const expected = Buffer.from(ways.libraries(text))
  for (const way of ['js', 'wasm'] as const)
    if (!expected.equals(ways[way](text))) throw new Error(`${way} encodes ${text.toString()} otherwise`)
}

function measure(way: Way): Promise<number> {
  const encode = ways[way]
  const startedAt = performance.now()
  let events = 0
  let ms = 0
  let bytes = 0
  for (; ms < Number(turnMs); ms = performance.now() - startedAt) {
    for (const text of texts) bytes += encode(text).length
    events += texts.length
  }
  // Used, so that no compiler may leave the encoding out.
  if (bytes === 0) throw new Error('nothing was encoded')
  return Promise.resolve((ms * 1_000) / events)
}

const names = Object.keys(ways) as Way[]
for (const way of names) await measure(way)
const results = await takeTurns(Number(rounds), names, measure, () => undefined)
process.stdout.write(JSON.stringify(results))
