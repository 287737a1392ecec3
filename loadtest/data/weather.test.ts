import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { generate } from './generate.ts'
import { COUNTRIES } from './places.ts'

type Row = { text?: string; texto?: string; country?: string; pais?: string }

const file = await readFile(new URL('weather.json', import.meta.url), 'utf8')
const rows = JSON.parse(file) as Row[]
const texts = rows.map(({ text, texto }) => text ?? texto ?? '')
const countries = rows.map(({ country, pais }) => country ?? pais ?? '')
const shareOf = (pattern: RegExp) => texts.filter((text) => pattern.test(text)).length / texts.length

test('a name that is no scenario generates nothing', async () => {
  for (const name of ['nothing', 'generate', 'places', '../load'])
    assert.equal(await generate(name), undefined, name)
})

test('there are at least 2,000 tweets and no two are equal', () => {
  assert.ok(rows.length >= 2_000)
  assert.equal(new Set(texts).size, rows.length)
})

test('a row has a text and a country in one of the two spellings, a few in the Spanish one', () => {
  const spellings = new Set(rows.map((row) => Object.keys(row).join()))
  assert.deepEqual(spellings, new Set(['text,country', 'texto,pais']))
  const spanish = rows.filter((row) => row.texto !== undefined).length
  assert.ok(spanish >= 10 && spanish < rows.length / 20, `${spanish}`)
})

test('at least 20 countries write, each ten times or more, Guatemala most', () => {
  const counts = Map.groupBy(countries, (country) => country)
  assert.ok(counts.size >= 20)
  assert.deepEqual(new Set(counts.keys()), new Set(COUNTRIES.map(({ name }) => name)))
  for (const [country, { length }] of counts) assert.ok(length >= 10, `${country} ${length}`)
  const share = (counts.get('Guatemala')?.length ?? 0) / rows.length
  assert.ok(share > 0.25 && share < 0.5, `${share}`)
})

test('texts are 1 to 280 characters, about 80 in the middle, some very short and some long', () => {
  const lengths = texts.map((text) => Array.from(text).length).sort((a, b) => a - b)
  const [shortest = 0, longest = 0, median = 0] = [lengths[0], lengths.at(-1), lengths[lengths.length >> 1]]
  assert.ok(shortest >= 1 && shortest <= 5, `${shortest}`)
  assert.ok(longest <= 280 && longest > 220, `${longest}`)
  assert.ok(median >= 70 && median <= 95, `${median}`)
})

test('tweets have emoji, accents, hashtags, mentions and temperatures as tweets do', () => {
  const shares: [RegExp, number, number][] = [
    [/\p{Extended_Pictographic}/u, 0.35, 0.7],
    [/[áéíóúñÁÉÍÓÚÑ¡¿]/u, 0.4, 0.9],
    [/#\p{L}/u, 0.2, 0.5],
    [/@\w/, 0.05, 0.2],
    [/\d ?°|\d grados?|\d degrees?/iu, 0.15, 0.5],
    [/\b(?:is|in|the|and)\b/, 0.1, 0.35],
  ]
  for (const [pattern, low, high] of shares) {
    const share = shareOf(pattern)
    assert.ok(share > low && share < high, `${pattern} ${share}`)
  }
})

test('no text shows its seams: an open slot, a doubled space, a mark of the part of the day', () => {
  for (const text of texts) {
    assert.doesNotMatch(text, /[{}|]|undefined|NaN| {2}|^\s|\s$|\.\.|\bde el \p{Ll}|\ba el \p{Ll}/u)
    assert.equal(text, text.normalize('NFC'))
  }
})
