// Rows of a data file: a JSON array of objects, one object per line (NDJSON), or one object.
import { readFile, stat } from 'node:fs/promises'
import { scanJson } from './json-mistake.ts'

export type Row = Record<string, unknown>

/** Rows are kept in memory twice (read and encoded), so this bounds the sender at some 300 MB. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024

/** Says `file:line:column: what is wrong`, or `file: …` when the whole file is wrong. */
export class DataFileError extends Error {
  constructor(place: string, message: string, options?: ErrorOptions) {
    super(`${place}: ${message}`, options)
    this.name = 'DataFileError'
  }
}

/** Reads and checks all rows. Throws a DataFileError naming the first mistake. */
export async function readRows(file: string): Promise<Row[]> {
  let bytes: Buffer
  try {
    const { size } = await stat(file)
    if (size > MAX_FILE_BYTES) {
      throw new DataFileError(file, `${size} bytes, the limit is ${MAX_FILE_BYTES} (64 MiB): split it`)
    }
    bytes = await readFile(file)
  } catch (cause) {
    if (cause instanceof DataFileError) throw cause
    throw new DataFileError(
      file,
      `cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    )
  }
  return parseRows(decode(bytes, file), file)
}

/** The rows of a text; `file` names it in errors. */
export function parseRows(text: string, file: string): Row[] {
  if (text.trim() === '') throw new DataFileError(file, 'is empty, expected rows')
  const lines = text.split('\n')
  const firstLineAt = lines.findIndex((line) => line.trim() !== '')
  // One value on the first line and more lines with text after it: NDJSON. Else one JSON text.
  const oneText = lines.slice(firstLineAt + 1).every((line) => line.trim() === '')
  if (!oneText && parses(lines[firstLineAt] ?? '')) return parseLines(lines, file)

  const fail = (at: number, message: string) => new DataFileError(`${file}:${placeOf(text, at)}`, message)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const { mistake } = scanJson(text)
    // The two disagreeing would be our fault; then V8's words stand alone.
    throw mistake === undefined ? new DataFileError(file, String(cause)) : fail(mistake.at, mistake.message)
  }
  const rows: unknown[] = Array.isArray(value) ? value : [value]
  if (rows.length === 0) throw fail(text.indexOf('['), 'the array is empty, expected rows')
  const wrong = rows.findIndex((row) => !isRow(row))
  if (wrong >= 0) {
    const at = Array.isArray(value) ? scanJson(text).rowsAt[wrong] : undefined
    throw fail(at ?? text.search(/\S/), notARow(rows[wrong]))
  }
  return rows.filter(isRow)
}

function parseLines(lines: string[], file: string): Row[] {
  const rows: Row[] = []
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    const fail = (at: number, message: string) =>
      new DataFileError(`${file}:${i + 1}:${placeOf(line, at).split(':')[1]}`, message)
    let row: unknown
    try {
      row = JSON.parse(line)
    } catch (cause) {
      const { mistake } = scanJson(line)
      throw mistake === undefined ? fail(0, String(cause)) : fail(mistake.at, mistake.message)
    }
    if (!isRow(row)) throw fail(line.search(/\S/), notARow(row))
    rows.push(row)
  }
  return rows
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function notARow(value: unknown): string {
  const what = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  return `a row must be a JSON object, not ${what}`
}

function decode(bytes: Buffer, file: string): string {
  const text = bytes.toString('utf8')
  // Wrong bytes decode to U+FFFD, which encodes differently: the first difference is the mistake.
  const again = Buffer.from(text)
  if (!again.equals(bytes)) {
    let at = 0
    while (bytes[at] === again[at]) at += 1
    throw new DataFileError(
      `${file}:${placeOf(bytes.toString('utf8', 0, at), Infinity)}`,
      'this is not UTF-8',
    )
  }
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

/** `line:column`, both from 1, columns in characters. */
function placeOf(text: string, at: number): string {
  const before = text.slice(0, at)
  const lineAt = before.lastIndexOf('\n') + 1
  return `${before.split('\n').length}:${Array.from(before.slice(lineAt)).length + 1}`
}
