// Predictions for Qatar 2022: the 32 teams, the real fixtures of the groups, and knock-out matches that the draw
// and the teams' strength allow. Scores are drawn by strength.
import type { Random } from './random.ts'

/** Phases as the source numbers them: 1 beginning, 2 round of sixteen, 3 quarter finals, 4 finals. */
export type PredictionRow = { team1: string; team2: string; score: string; phase: 1 | 2 | 3 | 4 }
type Team = { name: string; strength: number; group: string; weight: number }

const ROWS = 2_600

/** The groups as they were drawn; the number is how strong a team is, 1 to 10. */
export const GROUPS: Record<string, Record<string, number>> = {
  A: { Qatar: 2, Ecuador: 5, Senegal: 6, Netherlands: 8 },
  B: { England: 9, Iran: 4, 'United States': 6, Wales: 4 },
  C: { Argentina: 10, 'Saudi Arabia': 3, Mexico: 6, Poland: 6 },
  D: { France: 10, Australia: 5, Denmark: 6, Tunisia: 4 },
  E: { Spain: 9, 'Costa Rica': 3, Germany: 8, Japan: 6 },
  F: { Belgium: 7, Canada: 4, Morocco: 7, Croatia: 8 },
  G: { Brazil: 10, Serbia: 5, Switzerland: 6, Cameroon: 4 },
  H: { Portugal: 9, Ghana: 4, Uruguay: 6, 'South Korea': 5 },
}
/** Whom people write about most. */
const CROWD: Record<string, number> = { Argentina: 5, Brazil: 4, Mexico: 3, 'Costa Rica': 2, Spain: 2, France: 2 }

/** Who is strong enough for a phase in the eyes of those who predict. */
export const STRENGTH_NEEDED = { 1: 0, 2: 4, 3: 6, 4: 7 } as const

/** Groups whose teams meet in the round of sixteen, and pairs of these that meet in the quarter finals. */
const NEIGHBOURS: Record<string, string> = { A: 'B', B: 'A', C: 'D', D: 'C', E: 'F', F: 'E', G: 'H', H: 'G' }
const HALVES = ['ABCD', 'EFGH']

const TEAMS: Team[] = Object.entries(GROUPS).flatMap(([group, teams]) =>
  Object.entries(teams).map(([name, strength]) => ({ name, strength, group, weight: CROWD[name] ?? 1 })),
)

export function generateRows(random: Random): PredictionRow[] {
  const phases = [
    { phase: 1, weight: 48 },
    { phase: 2, weight: 24 },
    { phase: 3, weight: 16 },
    { phase: 4, weight: 12 },
  ] as const
  return Array.from({ length: ROWS }, () => {
    const { phase } = random.pickWeighted(phases)
    const [first, second] = pickMatch(phase, random)
    return { team1: first.name, team2: second.name, score: pickScore(first, second, random), phase }
  })
}

function pickMatch(phase: 1 | 2 | 3 | 4, random: Random): [Team, Team] {
  const able = TEAMS.filter(({ strength }) => strength >= STRENGTH_NEEDED[phase])
  // In a knock-out phase people expect the stronger ones.
  const expected = able.map((team) => ({ ...team, weight: team.weight * team.strength ** (phase - 1) }))
  const one = random.pickWeighted(expected)
  const other = random.pickWeighted(expected.filter((team) => team !== one && mayMeet(one, team, phase)))
  // A match is written one way round, as it is drawn: by group, then by the order in it.
  return TEAMS.findIndex(({ name }) => name === one.name) < TEAMS.findIndex(({ name }) => name === other.name)
    ? [one, other]
    : [other, one]
}

/** Whether the draw lets two teams meet in a phase. */
export function mayMeet(one: { group: string }, other: { group: string }, phase: 1 | 2 | 3 | 4): boolean {
  const half = (group: string) => HALVES.findIndex((groups) => groups.includes(group))
  switch (phase) {
    case 1:
      return one.group === other.group
    case 2:
      return NEIGHBOURS[one.group] === other.group
    case 3:
      return (
        half(one.group) === half(other.group) &&
        one.group !== other.group &&
        NEIGHBOURS[one.group] !== other.group
      )
    case 4:
      return one.group !== other.group
  }
}

/** Goals by Poisson, so that a favourite wins mostly and 7-0 is rare. */
function pickScore(first: Team, second: Team, random: Random): string {
  const edge = (first.strength - second.strength) * 0.16
  return `${pickGoals(1.3 + edge, random)}-${pickGoals(1.3 - edge, random)}`
}

/** Knuth's way of drawing from a Poisson distribution. */
function pickGoals(mean: number, random: Random): number {
  const least = Math.exp(-Math.max(mean, 0.25))
  let goals = 0
  for (let product = random.next(); product > least; product *= random.next()) goals++
  return goals
}
