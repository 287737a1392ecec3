// What holds for the data set of every pipeline.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { test } from 'node:test'
import { pipelines } from '../../pipelines/all.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { parseRows } from '../data-file.ts'
import { generate } from './generate.ts'

for (const { name, event, rows: file } of pipelines) {
  const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')

  test(`every row of ${name} passes its schema, and fills every field`, () => {
    const { schema, encode, toDocument } = loadEventType(event)
    for (const row of parseRows(text, file)) {
      const stored = toDocument(encode(row).bytes)
      for (const field of schema.fields) assert.notEqual(stored[field.name], '', JSON.stringify(row))
    }
  })

  // A data set may be a file that somebody wrote; what follows is for those that are generated.
  const generated = await generate(basename(file, '.json'))
  if (generated === undefined) continue

  test(`generating the rows of ${name} again gives the same bytes`, () => {
    assert.equal(generated, text)
  })

  test(`${name} has at least 2,000 rows, one per line, in NFC`, () => {
    const lines = text.trimEnd().split('\n')
    assert.deepEqual([lines[0], lines.at(-1)], ['[', ']'])
    assert.equal(lines.length, parseRows(text, file).length + 2)
    assert.ok(lines.length >= 2_002, `${lines.length}`)
    assert.equal(text, text.normalize('NFC'))
  })
}
