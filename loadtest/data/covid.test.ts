import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { CovidRow } from './covid.ts'
import { DEPARTMENTS, PLACES } from './guatemala.ts'

const rows = JSON.parse(await readFile(new URL('covid.json', import.meta.url), 'utf8')) as CovidRow[]
const countBy = (of: (row: CovidRow) => string) =>
  new Map([...Map.groupBy(rows, of)].map(([key, { length }]) => [key, length]))
const share = (from: CovidRow[], is: (row: CovidRow) => boolean) => from.filter(is).length / from.length

test('every patient has a name of their own: one or two first names and two surnames', () => {
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length)
  for (const { name } of rows) assert.match(name, /^\p{Lu}\p{L}+( \p{Lu}\p{L}+)?( (de )?\p{Lu}\p{L}+){2}$/u)
})

test('all 22 departments have ten cases or more, and other places have cases too', () => {
  const places = countBy(({ location }) => location)
  assert.equal(DEPARTMENTS.length, 22)
  for (const department of DEPARTMENTS) assert.ok(places.get(department)! >= 10, department)
  for (const place of places.keys()) assert.ok(PLACES.some(({ name }) => name === place), place)
  assert.ok(places.size >= 35, `${places.size}`)
})

test('the age pyramid has its widest step between 20 and 39, and narrows to its top', () => {
  const steps = Array.from({ length: 10 }, (_, tens) => rows.filter(({ age }) => Math.floor(age / 10) === tens).length)
  assert.equal(Math.max(...steps), steps[2])
  assert.deepEqual(steps.slice(2), steps.slice(2).toSorted((a, b) => b - a))
  assert.ok(steps[0]! > 0 && steps[9]! > 0)
})

test('the course is worse the older a patient is', () => {
  const bad = ({ state }: CovidRow) => ['severe', 'critical', 'deceased'].includes(state)
  const young = share(rows.filter(({ age }) => age < 40), bad)
  const old = share(rows.filter(({ age }) => age >= 70), bad)
  assert.ok(young < 0.12 && old > 0.3, `${young} ${old}`)
  assert.equal(countBy(({ state }) => state).size, 6)
})

test('most infections are communitary, and at the borders more are imported', () => {
  const types = countBy(({ infectedtype }) => infectedtype)
  assert.deepEqual(new Set(types.keys()), new Set(['communitary', 'contact', 'hospitalary', 'imported']))
  assert.ok(types.get('communitary')! > rows.length / 2)
  const imported = ({ infectedtype }: CovidRow) => infectedtype === 'imported'
  const atBorders = rows.filter(({ location }) => ['San Marcos', 'Tecún Umán', 'Esquipulas'].includes(location))
  assert.ok(share(atBorders, imported) > share(rows, imported))
})
