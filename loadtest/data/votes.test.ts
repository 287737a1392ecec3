import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { BANDS } from './albums.ts'
import type { VoteRow } from './votes.ts'

const rows = JSON.parse(await readFile(new URL('votes.json', import.meta.url), 'utf8')) as VoteRow[]

test('no band and no album of a band is listed twice, and each year is one of albums', () => {
  assert.equal(new Set(BANDS.map(({ name }) => name)).size, BANDS.length)
  for (const { name, albums } of BANDS) {
    assert.equal(new Set(albums.map(({ title }) => title)).size, albums.length, name)
    for (const { title, year } of albums) assert.ok(title !== '' && year >= 1962 && year <= 2025, `${name} ${title}`)
  }
})

test('every vote is for an album of its band, with the year in which it came out', () => {
  const years = new Map(
    BANDS.flatMap(({ name, albums }) => albums.map(({ title, year }) => [`${name}|${title}`, year] as const)),
  )
  for (const { name, album, year } of rows) assert.equal(Number(year), years.get(`${name}|${album}`))
})

test('every band gets votes, 200 albums do, and the best known most', () => {
  assert.deepEqual(new Set(rows.map(({ name }) => name)), new Set(BANDS.map(({ name }) => name)))
  assert.ok(new Set(rows.map(({ name, album }) => `${name}|${album}`)).size >= 200)
  const votesFor = (band: string) => rows.filter(({ name }) => name === band).length
  assert.ok(votesFor('The Beatles') > votesFor('Mecano') * 2)
})

test('years and ranks are strings, as the source sends them, and a few are numbers', () => {
  for (const { year, rank } of rows) assert.equal(typeof year, typeof rank)
  const numbers = rows.filter(({ year }) => typeof year === 'number').length
  assert.ok(numbers >= 10 && numbers < rows.length / 20, `${numbers}`)
})

test('ranks go from 1 to 10, the good ones more often', () => {
  const ranks = rows.map(({ rank }) => Number(rank))
  assert.deepEqual(new Set(ranks), new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
  assert.ok(ranks.filter((rank) => rank <= 5).length > rows.length * 0.6)
})
