// What holds for every source of the page.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { scenarios } from '../../../proto/gen/scenarios.ts'
import { viewsOf } from '../../lib/views.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const sources = globSync('**/*.{ts,tsx}', { cwd: folder }).filter((file) => !file.endsWith('.test.ts'))
const read = (file: string) => readFileSync(`${folder}${file}`, 'utf8')

test('only the pages that were made for a scenario name its views or read its fields', () => {
  const messages = [...scenarios].flatMap((type) => (type.kind === 'message' ? [type] : []))
  const common = sources.filter((file) => !file.startsWith('scenarios/'))
  assert.ok(common.length > 20)
  for (const file of common) {
    const text = read(file)
    for (const schema of messages) {
      for (const { key, kind } of viewsOf(schema, 'any').views)
        if (kind !== 'latest' && kind !== 'rate')
          assert.ok(!text.includes(key.slice('{any}:'.length)), `${file}: ${key}`)
      // A field's name may be a word that any page has (`name`, `state`), so what counts is where events are read.
      for (const { name } of schema.fields)
        assert.doesNotMatch(text, new RegExp(`\\b(event|entry)\\??(\\.|\\[['"])${name}\\b`), file)
    }
  }
})

test('nothing turns text into markup or code, and nothing comes from elsewhere', () => {
  for (const file of sources) {
    assert.doesNotMatch(
      read(file),
      /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|\beval\(/,
      file,
    )
    assert.doesNotMatch(read(file), /['"`]https?:\/\//, file)
  }
})
