// Encodes events in a WebAssembly module (assembly/encoder.ts), by tables made from the schema. The same contract as
// lib/fast-encode.ts: certainly valid and these bytes, or no answer.
import { readFile } from 'node:fs/promises'
import { ConfigError, reasonOf } from '../lib/errors.ts'
import type { Encoded, EventType } from '../lib/event-type.ts'
import type { FieldPlan } from '../lib/fast-encode.ts'
import type { Log } from '../lib/log.ts'

const MODULE = new URL('../../.local/wasm/encoder.wasm', import.meta.url)
// As in the module.
const INPUT_BYTES = 65_536
const TABLE_BYTES = 65_536
const MAX_FIELDS = 256
const HEADER_BYTES = 8
const FIELD_BYTES = 36
const STEP_BYTES = 24
const NAME_BYTES = 12
const kinds: Record<FieldPlan['kind'], number> = { string: 0, integer: 1, bool: 2, enum: 3 }
const LARGEST = 0x7fffffff

type Global = { value: number }
type Exports = {
  memory: { buffer: ArrayBuffer }
  input: Global
  table: Global
  output: Global
  encode(length: number): number
}
// Node has it, but neither lib.es2024 nor @types/node says so.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array): Promise<{ instance: { exports: unknown } }>
}

/** Throws ConfigError when the module is not there. A schema that is beyond it is left to the libraries whole. */
export async function loadWasmEncoder(
  { schema, plan, keyOf }: EventType,
  log: Log,
): Promise<(json: Uint8Array) => Encoded | undefined> {
  const bytes = await readFile(MODULE).catch((cause: unknown) => {
    throw new ConfigError([`--from: encode=wasm needs what \`make ready\` builds: ${reasonOf(cause)}`])
  })
  const tables = plan && tablesOf(plan)
  if (!tables || tables.length > TABLE_BYTES || plan.length > MAX_FIELDS) {
    log.warn('the WebAssembly encoder does not know all fields and rules', { event: schema.typeName })
    return () => undefined
  }
  const { instance } = await WebAssembly.instantiate(bytes)
  const { memory, input, table, output, encode } = instance.exports as Exports
  // The module never grows its memory, so the view stays good.
  const all = Buffer.from(memory.buffer)
  const [inputAt, outputAt] = [input.value, output.value]
  all.set(tables, table.value)
  return (json) => {
    if (json.length > INPUT_BYTES) return undefined
    all.set(json, inputAt)
    const length = encode(json.length)
    if (length < 0) return undefined
    const encoded = Buffer.allocUnsafe(length)
    all.copy(encoded, 0, outputAt, outputAt + length)
    return { bytes: encoded, key: keyOf(encoded) }
  }
}

/** Number of fields, number of names; fields; names; the lists of fields; the steps of patterns; the texts. */
function tablesOf(plan: FieldPlan[]): Buffer {
  const names = plan.flatMap((field, slot) => field.names.map((name) => [name, slot] as const))
  const lists = plan.map(({ members, numbers }) =>
    numbers.size > 0
      ? [...numbers].filter(([, number]) => number >= 0)
      : members.map((text) => [text, 0] as const),
  )
  const namesAt = HEADER_BYTES + plan.length * FIELD_BYTES
  let listAt = namesAt + names.length * NAME_BYTES
  let stepAt = listAt + lists.flat().length * NAME_BYTES
  const steps = plan.flatMap(({ pattern }) => pattern?.steps ?? [])
  let textAt = stepAt + steps.length * STEP_BYTES
  const texts = [...names, ...lists.flat()].map(([text]) => text)
  const into = Buffer.alloc(textAt + texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0))
  const writeEntry = (at: number, text: string, meaning: number) => {
    into.writeUInt32LE(textAt, at)
    into.writeUInt32LE(Buffer.byteLength(text), at + 4)
    into.writeInt32LE(meaning, at + 8)
    textAt += into.write(text, textAt)
  }
  into.writeUInt32LE(plan.length, 0)
  into.writeUInt32LE(names.length, 4)
  plan.forEach(({ tag, kind, low, high, pattern }, slot) => {
    const list = lists[slot]!
    const at = HEADER_BYTES + slot * FIELD_BYTES
    into.writeUInt32LE(tag, at)
    into.writeUInt32LE(kinds[kind], at + 4)
    // The module takes numbers from 0 to the largest only.
    into.writeInt32LE(Math.min(Math.max(low, 0), LARGEST), at + 8)
    into.writeInt32LE(low > LARGEST ? -1 : Math.max(Math.min(high, LARGEST), -1), at + 12)
    into.writeUInt32LE(list.length, at + 16)
    into.writeUInt32LE(listAt, at + 20)
    for (const [text, meaning] of list) {
      writeEntry(listAt, text, meaning)
      listAt += NAME_BYTES
    }
    into.writeUInt32LE(pattern ? 1 : 0, at + 24)
    into.writeUInt32LE(pattern?.steps.length ?? 0, at + 28)
    into.writeUInt32LE(stepAt, at + 32)
    for (const { ascii, least, most } of pattern?.steps ?? []) {
      into.writeUInt32LE(least, stepAt)
      into.writeUInt32LE(Math.min(most, LARGEST), stepAt + 4)
      ascii.forEach((held, code) => {
        if (held) into[stepAt + 8 + (code >> 3)]! |= 1 << (code & 7)
      })
      stepAt += STEP_BYTES
    }
  })
  names.forEach(([name, slot], index) => writeEntry(namesAt + index * NAME_BYTES, name, slot))
  return into
}
