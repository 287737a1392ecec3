import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { MAX_FILE_BYTES, parseRows, readRows } from './data-file.ts'
import { scanJson } from './json-mistake.ts'

const folder = mkdtempSync(join(tmpdir(), 'freshet-rows-'))
after(() => rmSync(folder, { recursive: true }))

const mistakeOf = (text: string): string => {
  try {
    parseRows(text, 'd.json')
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return 'none'
}

test('an array, one object per line, and one object are rows', () => {
  const rows = [{ a: 1 }, { a: 2 }]
  assert.deepEqual(parseRows('[{"a":1},\n {"a":2}]\n', 'd'), rows)
  assert.deepEqual(parseRows('\n{"a":1}\r\n\n{"a":2}\n', 'd'), rows)
  assert.deepEqual(parseRows('{\n  "a": 1\n}\n', 'd'), [{ a: 1 }])
  assert.deepEqual(parseRows('{"a":1}', 'd'), [{ a: 1 }])
})

test('a mistake is named with its line and column', () => {
  const cases: Record<string, string> = {
    '[\n {"a":1},\n {"a" 2}\n]': 'd.json:3:7: expected a colon after the name, found "2"',
    '[{"a":1}\n {"a":2}]': 'd.json:2:2: expected a comma or ], found "{"',
    '[{"a":1},\n]': 'd.json:2:1: a comma stands before ]: expected one more entry, found "]"',
    '[{"a":1}': 'd.json:1:9: expected a comma or ], found the end',
    '[{"é😀": tru}]': 'd.json:1:9: expected a value, found "t"',
    '[{"a": "open}\n]': 'd.json:1:8: this string has no closing quote',
    "[{'a': 1}]": `d.json:1:3: expected a name in double quotes, found "'"`,
    '{"a":1}\n{"a":\n': 'd.json:2:6: expected a value, found the end',
    '{"a":1},\n{"a":2}': 'd.json:1:8: expected nothing more after the value, found ","',
    '[{"a": "\\x"}]': 'd.json:1:9: wrong escape in a string, found "\\\\"',
    '[{"a": 01}]': 'd.json:1:9: expected a comma or }, found "1"',
  }
  for (const [text, message] of Object.entries(cases)) assert.equal(mistakeOf(text), message)
})

test('a row that is no object is named with its place', () => {
  assert.equal(mistakeOf('[{"a":1},\n  7]'), 'd.json:2:3: a row must be a JSON object, not a number')
  assert.equal(mistakeOf('{"a":1}\n  [1]'), 'd.json:2:3: a row must be a JSON object, not an array')
  assert.equal(mistakeOf(' null'), 'd.json:1:2: a row must be a JSON object, not null')
})

test('no rows are refused', () => {
  assert.equal(mistakeOf(' \n'), 'd.json: is empty, expected rows')
  assert.equal(mistakeOf('\n[ ]'), 'd.json:2:1: the array is empty, expected rows')
})

test('the scanner finds a mistake exactly where JSON.parse fails', () => {
  const pieces = ['[', ']', '{', '}', ',', ':', '"a"', '1', '-', 'null', ' ', '"', '1e5', '0', '.']
  let seed = 1
  const pick = () => pieces[(seed = (seed * 48_271) % 2_147_483_647) % pieces.length] ?? ''
  for (let i = 0; i < 20_000; i += 1) {
    const text = Array.from({ length: 1 + (i % 7) }, pick).join('')
    let parses = true
    try {
      JSON.parse(text)
    } catch {
      parses = false
    }
    assert.equal(scanJson(text).mistake === undefined, parses, text)
  }
})

test('deep nesting is a mistake, not a crash', () => {
  assert.match(mistakeOf('['.repeat(100_000)), /^d\.json:1:502: nested deeper than 500/)
})

test('bytes that are not UTF-8 are named with their place, a byte order mark is not a mistake', async () => {
  const file = join(folder, 'latin1.json')
  await writeFile(file, Buffer.from('[{"a":1},\n{"país":"España"}]', 'latin1'))
  await assert.rejects(readRows(file), { message: `${file}:2:5: this is not UTF-8` })
  await writeFile(file, '\uFEFF[{"a":"\uFFFD"}]')
  assert.deepEqual(await readRows(file), [{ a: '\uFFFD' }])
})

test('a file that is missing or over the limit is one clear message', async () => {
  await assert.rejects(readRows(join(folder, 'none.json')), /none\.json: cannot be read \(ENOENT/)
  const file = join(folder, 'large.json')
  await writeFile(file, '')
  await truncate(file, MAX_FILE_BYTES + 1)
  await assert.rejects(readRows(file), /large\.json: 67108865 bytes, the limit is 67108864 \(64 MiB\)/)
})
