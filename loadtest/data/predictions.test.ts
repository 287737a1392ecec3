import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { GROUPS, mayMeet, STRENGTH_NEEDED, type PredictionRow } from './predictions.ts'

const rows = JSON.parse(await readFile(new URL('predictions.json', import.meta.url), 'utf8')) as PredictionRow[]
const teams = new Map(
  Object.entries(GROUPS).flatMap(([group, members]) =>
    Object.entries(members).map(([name, strength]) => [name, { group, strength }] as const),
  ),
)
const matchesOf = (phase?: number) =>
  new Set(
    rows.filter((row) => phase === undefined || row.phase === phase).map((row) => `${row.team1}|${row.team2}`),
  )

test('32 teams in groups of four play, and each is predicted', () => {
  assert.equal(teams.size, 32)
  for (const members of Object.values(GROUPS)) assert.equal(Object.keys(members).length, 4)
  assert.deepEqual(new Set(rows.flatMap(({ team1, team2 }) => [team1, team2])), new Set(teams.keys()))
})

test('the group stage has all 48 matches and no other', () => {
  assert.equal(matchesOf(1).size, 48)
})

test('every match is one that the draw allows, between teams that can be there, one way round', () => {
  for (const { team1, team2, phase } of rows) {
    const [one, other] = [teams.get(team1)!, teams.get(team2)!]
    assert.ok(team1 !== team2 && mayMeet(one, other, phase), `${team1} ${team2} ${phase}`)
    assert.ok(Math.min(one.strength, other.strength) >= STRENGTH_NEEDED[phase], `${team1} ${team2} ${phase}`)
  }
  const all = matchesOf()
  for (const match of all) assert.ok(!all.has(match.split('|').toReversed().join('|')), match)
})

test('there are many matches in each phase, fewer teams in each, and many different predictions', () => {
  const sizes = [1, 2, 3, 4].map((phase) => new Set([...matchesOf(phase)].flatMap((match) => match.split('|'))).size)
  assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a))
  for (const phase of [2, 3, 4]) assert.ok(matchesOf(phase).size >= 20, `${phase} ${matchesOf(phase).size}`)
  assert.ok(new Set(rows.map((row) => JSON.stringify(row))).size > 1_000)
})

test('scores are those of football: one or two goals a team, 1-0 and 1-1 often, seven goals hardly ever', () => {
  const goals = rows.flatMap(({ score }) => score.split('-').map(Number))
  const mean = goals.reduce((sum, n) => sum + n, 0) / goals.length
  assert.ok(mean > 1 && mean < 1.8, `${mean}`)
  assert.ok(goals.filter((n) => n >= 7).length < goals.length / 200)
  const counts = Map.groupBy(rows, ({ score }) => score)
  assert.ok(counts.size >= 25)
  for (const score of ['1-0', '1-1', '2-1']) assert.ok(counts.get(score)!.length > rows.length / 20, score)
})

test('the stronger team is mostly the one expected to win', () => {
  const uneven = rows.filter(
    ({ team1, team2 }) => Math.abs(teams.get(team1)!.strength - teams.get(team2)!.strength) >= 4,
  )
  const asExpected = uneven.filter(({ team1, team2, score }) => {
    const [first = 0, second = 0] = score.split('-').map(Number)
    return (first - second) * (teams.get(team1)!.strength - teams.get(team2)!.strength) > 0
  })
  assert.ok(asExpected.length > uneven.length * 0.6, `${asExpected.length} of ${uneven.length}`)
})
