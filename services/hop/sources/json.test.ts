import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidEventError } from '../../lib/errors.ts'
import { parseJson } from './json.ts'

/** What parseJson says about bytes that it refuses. */
function mistakeIn(bytes: Buffer | string): string {
  try {
    parseJson(Buffer.from(bytes))
  } catch (cause) {
    if (cause instanceof InvalidEventError) return cause.message
    throw cause
  }
  throw new Error('it was taken')
}

test('a body is read as JSON.parse reads it', () => {
  for (const text of ['{"a":[1,"ñ😀",null]}', ' 5 ', '"\\ud83d"', '{"__proto__":1}']) {
    assert.deepEqual(parseJson(Buffer.from(text)), JSON.parse(text))
  }
})

const mistakes: [text: Buffer | string, mistake: RegExp][] = [
  ['', /^the body is empty; an event is a JSON object$/],
  ['{"text": "s3cret', /mistake at character 16$/],
  ['{"text": "s3cret"', /mistake at character 17$/],
  ['{"text":', /mistake where it ends$/],
  ['{"text": s3cret, "country": "Perú"}', /mistake inside it$/],
  [`{"text": ${'"s3cret",'.repeat(100)}}`, /mistake at character 26$/],
  ['\ufeff{}', /mistake inside it$/],
  ['text=s3cret', /mistake inside it$/],
  [Buffer.from([0x22, 0xc3, 0x22]), /^the body is not valid UTF-8$/],
  [Buffer.from([0x22, 0xed, 0xa0, 0xbd, 0x22]), /^the body is not valid UTF-8$/],
  [Buffer.from('{"a":1}', 'utf16le'), /^the body is not valid JSON: mistake at character 1$/],
]
for (const [text, mistake] of mistakes) {
  test(`a mistake is told by its place and not by its text: ${JSON.stringify(String(text)).slice(0, 40)}`, () => {
    assert.match(mistakeIn(text), mistake)
    assert.doesNotMatch(mistakeIn(text), /s3cret/)
  })
}

test('nesting of 500,000 brackets is parsed or refused, and the stack holds', () => {
  const depth = 500_000
  assert.ok(Array.isArray(parseJson(Buffer.from('['.repeat(depth) + ']'.repeat(depth)))))
  assert.match(mistakeIn('['.repeat(depth)), /mistake where it ends$/)
})
