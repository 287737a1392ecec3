// Votes for real albums of real bands. Years and ranks are strings, as the source sends them; a few are numbers.
import { BANDS } from './albums.ts'
import type { Random } from './random.ts'

export type VoteRow = { name: string; album: string; year: string | number; rank: string | number }

const ROWS = 2_400
const NUMBERS_SHARE = 0.03
const PLACES = 10

export function generateRows(random: Random): VoteRow[] {
  return Array.from({ length: ROWS }, () => {
    const { name, albums } = random.pickWeighted(BANDS)
    // The best known comes first, and most vote for it.
    const album = random.pickWeighted(albums.map((each, index) => ({ ...each, weight: 1 / (index + 1) })))
    // Who votes for a band mostly gives it a good place.
    const rank = Math.min(random.whole(1, PLACES), random.whole(1, PLACES))
    const asText = !random.chance(NUMBERS_SHARE)
    const { title, year } = album
    return asText
      ? { name, album: title, year: String(year), rank: String(rank) }
      : { name, album: title, year, rank }
  })
}
