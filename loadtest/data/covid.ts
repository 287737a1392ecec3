// COVID-19 cases of Guatemala: departments and towns by population, an age pyramid, Spanish names, and a course
// that is worse the older the patient is.
import { FEMALE, MALE, PLACES, SURNAMES } from './guatemala.ts'
import type { Random } from './random.ts'

export type CovidRow = { name: string; location: string; age: number; infectedtype: string; state: string }

const ROWS = 2_400

/** Guatemala's pyramid is broad at its base (census of 2018, in per mille); cases of children are found less often. */
const AGES = [
  { from: 0, to: 9, weight: 90 },
  { from: 10, to: 19, weight: 140 },
  { from: 20, to: 29, weight: 230 },
  { from: 30, to: 39, weight: 200 },
  { from: 40, to: 49, weight: 135 },
  { from: 50, to: 59, weight: 95 },
  { from: 60, to: 69, weight: 60 },
  { from: 70, to: 79, weight: 34 },
  { from: 80, to: 89, weight: 13 },
  { from: 90, to: 99, weight: 3 },
]

export function generateRows(random: Random): CovidRow[] {
  const people = new Set<string>()
  const rows: CovidRow[] = []
  while (rows.length < ROWS) {
    const name = pickName(random)
    const { from, to } = random.pickWeighted(AGES)
    const age = random.whole(from, to)
    const place = random.pickWeighted(PLACES)
    // Each patient once.
    if (people.has(name)) continue
    people.add(name)
    rows.push({
      name,
      location: place.name,
      age,
      infectedtype: pickInfectedType(place.travelled ?? 0.03, age, random),
      state: pickState(age, random),
    })
  }
  return rows
}

/** Two surnames, the father's and the mother's; often two first names. */
function pickName(random: Random): string {
  const first = random.chance(0.52) ? FEMALE : MALE
  const given = [random.pick(first)]
  if (random.chance(0.45)) given.push(random.pick(first.filter((name) => name !== given[0])))
  return [...given, random.pickWeighted(SURNAMES).name, random.pickWeighted(SURNAMES).name].join(' ')
}

function pickInfectedType(travelled: number, age: number, random: Random): string {
  return random.pickWeighted([
    { name: 'communitary', weight: 70 },
    { name: 'contact', weight: 20 },
    { name: 'hospitalary', weight: age >= 60 ? 8 : 2 },
    { name: 'imported', weight: 100 * travelled },
  ]).name
}

function pickState(age: number, random: Random): string {
  const risk = Math.min(1, (age / 90) ** 2)
  return random.pickWeighted([
    { name: 'asymptomatic', weight: 40 * (1 - risk) + 4 },
    { name: 'mild', weight: 45 * (1 - risk) + 15 },
    { name: 'moderate', weight: 10 + 15 * risk },
    { name: 'severe', weight: 2 + 28 * risk },
    { name: 'critical', weight: 0.5 + 14 * risk },
    { name: 'deceased', weight: 0.3 + 14 * risk },
  ]).name
}
