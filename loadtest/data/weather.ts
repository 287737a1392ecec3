// Weather tweets in Spanish and English: sentences that fit the place, its climate and the time of day.
import { COUNTRIES, type City, type Climate, type Country, type Language } from './places.ts'
import type { Random } from './random.ts'
import { ENGLISH } from './weather-en.ts'
import { SPANISH } from './weather-es.ts'
import { EMOJI, type Kind, type Phrases } from './weather-phrases.ts'

/** The two spellings of the source documents. */
export type WeatherRow = { text: string; country: string } | { texto: string; pais: string }

const ROWS = 2_400
const MAX_CHARACTERS = 280
const SPANISH_SPELLING_SHARE = 0.02
const PHRASES: Record<Language, Phrases> = { es: SPANISH, en: ENGLISH }

type Part = 'm' | 't' | 'n'
const HOURS: Record<Part, readonly [number, number]> = { m: [5, 11], t: [12, 18], n: [19, 23] }
/** Sunrise and sunset. */
const SKY_HOURS: Record<Part, readonly [number, number]> = { m: [5, 6], t: [17, 18], n: [19, 23] }
/** How much cooler than the afternoon, in °C. */
const COOLER: Record<Part, number> = { m: 3, t: 0, n: 5 }

/** What a climate has, by weight, and its usual low and high in °C. */
const CLIMATES: Record<Climate, { low: number; high: number; kinds: Partial<Record<Kind, number>> }> = {
  highland: {
    low: 4,
    high: 24,
    kinds: { sun: 4, cloudy: 3, rain: 5, drizzle: 2, storm: 2, hail: 1, fog: 3, cold: 6, wind: 2, sky: 3 },
  },
  mild: {
    low: 13,
    high: 29,
    kinds: {
      heat: 3,
      sun: 4,
      cloudy: 3,
      rain: 7,
      drizzle: 3,
      storm: 3,
      hail: 1,
      fog: 2,
      cold: 2,
      wind: 3,
      sky: 3,
    },
  },
  hot: {
    low: 22,
    high: 37,
    kinds: { heat: 7, sun: 3, cloudy: 2, humid: 4, rain: 5, storm: 3, wind: 1, sky: 2 },
  },
  rainforest: {
    low: 17,
    high: 31,
    kinds: { humid: 3, rain: 7, drizzle: 5, storm: 3, fog: 3, cloudy: 2, sun: 1, sky: 1 },
  },
  desert: { low: 12, high: 41, kinds: { heat: 8, sun: 4, wind: 3, sky: 3, storm: 1 } },
  dry: {
    low: 3,
    high: 38,
    kinds: { heat: 5, sun: 4, wind: 3, cloudy: 2, rain: 2, storm: 2, cold: 2, sky: 3 },
  },
  temperate: {
    low: 2,
    high: 27,
    kinds: { sun: 3, cloudy: 4, rain: 5, drizzle: 4, fog: 2, wind: 4, cold: 4, storm: 1, sky: 2 },
  },
  snowy: {
    low: -12,
    high: 31,
    kinds: { snow: 4, cold: 5, wind: 2, sun: 3, heat: 2, rain: 3, storm: 2, cloudy: 2, sky: 2 },
  },
  cold: { low: -6, high: 16, kinds: { snow: 3, cold: 6, wind: 4, sun: 2, cloudy: 2, sky: 2 } },
}

/** Where the Fuego volcano is seen and heard. */
const NEAR_FUEGO = new Set([
  'Antigua Guatemala',
  'Chimaltenango',
  'Escuintla',
  'Amatitlán',
  'Ciudad de Guatemala',
  'Villa Nueva',
])
/** When people write to those who warn. */
const HARMFUL = new Set<Kind>(['rain', 'storm', 'hail', 'fog', 'wind', 'snow', 'ash'])
/** Kinds that do not fit a part of the day. */
const NOT_AT: Record<Part, readonly Kind[]> = {
  m: ['heat', 'hail'],
  t: ['fog', 'cold'],
  n: ['sun', 'hail', 'cloudy'],
}

type Scene = { country: Country; city: City; phrases: Phrases; kind: Kind; part: Part; celsius: number }

export function generateRows(random: Random): WeatherRow[] {
  const texts = new Set<string>()
  const rows: WeatherRow[] = []
  while (rows.length < ROWS) {
    const scene = pickScene(random)
    const text = writeTweet(scene, random)
    if (texts.has(text) || Array.from(text).length > MAX_CHARACTERS) continue
    texts.add(text)
    const country = scene.country.name
    rows.push(random.chance(SPANISH_SPELLING_SHARE) ? { texto: text, pais: country } : { text, country })
  }
  return rows
}

function pickScene(random: Random): Scene {
  const country = random.pickWeighted(COUNTRIES)
  const [first] = country.cities
  // The largest city comes first, and most people live there.
  const city = first && random.chance(0.25) ? first : random.pick(country.cities)
  const other = country.language === 'es' ? 'en' : 'es'
  const phrases = PHRASES[random.chance(country.otherLanguage ?? 0) ? other : country.language]
  const { low, high, kinds } = CLIMATES[city.climate]
  const near: Partial<Record<Kind, number>> = NEAR_FUEGO.has(city.name) ? { ...kinds, ash: 2 } : kinds
  const part = random.pick(['m', 't', 't', 'n'] as const)
  const fitting = Object.entries(near).filter(([kind]) => !NOT_AT[part].includes(kind as Kind))
  const kind = random.pickWeighted(fitting.map(([name, weight]) => ({ name: name as Kind, weight }))).name
  return { country, city, phrases, kind, part, celsius: celsiusFor(kind, low, high - COOLER[part], random) }
}

function celsiusFor(kind: Kind, low: number, high: number, random: Random): number {
  switch (kind) {
    case 'heat':
      return random.whole(high - 4, high + 2)
    case 'humid':
      return random.whole(high - 6, high - 1)
    case 'cold':
      return random.whole(low - 2, low + 4)
    case 'snow':
      return random.whole(Math.min(low, -1) - 4, 1)
    case 'fog':
    case 'ash':
      return random.whole(low + 1, Math.max(low + 1, Math.round((low + high) / 2)))
    default:
      return random.whole(Math.round((low + high) / 2) - 2, high - 4)
  }
}

function writeTweet(scene: Scene, random: Random): string {
  const { phrases, kind, part, country, city } = scene
  const words = wordsFor(scene, random)
  if (random.chance(0.04)) return fill(random.pick(fitting(phrases.short[kind], part)), words)

  const sentences = [random.pick(fitting(phrases.openers[kind], part))]
  const tails = fitting(phrases.tails[kind], part)
  const tailCount = random.pickWeighted([
    { count: 0, weight: 34 },
    { count: 1, weight: 44 },
    { count: 2, weight: 14 },
    { count: 3, weight: 5 },
    { count: 5, weight: 2 },
    { count: 7, weight: 1 },
  ]).count
  for (let i = 0; i < tailCount && tails.length > 0; i += 1) {
    sentences.push(...tails.splice(random.whole(0, tails.length - 1), 1))
  }
  if (random.chance(0.1)) {
    const { mentions, warnings } = phrases
    sentences.push(random.pick(HARMFUL.has(kind) ? [...mentions, ...warnings] : mentions))
  }
  const filled = sentences.map((sentence) => capitalise(fill(sentence, words)))

  let text = ''
  for (const [i, sentence] of filled.entries()) {
    const last = i === filled.length - 1
    // People often leave out the last full stop, and sometimes join two sentences with a comma.
    const stop = /[?!.…]$/.test(sentence)
      ? ''
      : last && random.chance(0.6)
        ? ''
        : random.chance(0.08)
          ? '…'
          : '.'
    text += `${i > 0 ? ' ' : ''}${sentence}${stop}`
    if (i === 0 && !last && random.chance(0.15)) text += ` ${random.pick(EMOJI[kind])}`
  }
  text = inTheirStyle(text, random)

  if (random.chance(0.48)) {
    const emoji = random.pick(EMOJI[kind])
    text += ` ${random.chance(0.15) ? emoji.repeat(random.whole(2, 3)) : emoji}`
  }
  if (random.chance(0.36)) {
    const tags = new Set<string>()
    const wanted = random.pick([1, 1, 2, 3])
    for (let i = 0; i < wanted; i += 1) {
      const ofPlace = random.chance(0.4) ? [city.name.replace(/\P{L}/gu, '')] : country.hashtags
      tags.add(random.pick(random.chance(0.6) ? phrases.hashtags[kind] : ofPlace))
    }
    text += Array.from(tags, (tag) => ` #${tag}`).join('')
  }
  return text
}

/** The phrases for this part of the day, without their mark. */
function fitting(from: readonly string[], part: Part): string[] {
  return from
    .map((phrase) => /^(?:([mtn]+)\|)?(.*)$/su.exec(phrase) ?? [])
    .filter(([, parts]) => parts === undefined || parts.includes(part))
    .map(([, , words = '']) => words)
}

/** One word per name for a whole tweet, so that no sentence contradicts another. */
function wordsFor(scene: Scene, random: Random): Record<string, string> {
  const { country, city, phrases, part, kind, celsius } = scene
  const native = phrases === PHRASES[country.language]
  const local: Partial<Country> = native ? country : {}
  const [from, to] = (kind === 'sky' ? SKY_HOURS : HOURS)[part]
  const unit = country.fahrenheit ? 'F' : 'C'
  const degrees = unit === 'F' ? Math.round((celsius * 9) / 5 + 32) : celsius
  const today = random.whole(0, 6)
  const day = (ahead: number) => phrases.days[(today + ahead) % 7] ?? ''
  return {
    place: city.name,
    spot: city.spots && native && random.chance(0.6) ? random.pick(city.spots) : city.name,
    deg: phrases.degrees(degrees, unit, random.whole(0, 3)),
    part: phrases.part[part],
    now: random.pick(phrases.now[part]),
    clock: phrases.clock(random.whole(from, to), random.chance(0.35) ? 30 : 0),
    day: day(0),
    later: day(random.whole(1, 4)),
    oh: random.pick(local.oh ?? phrases.oh),
    coat: local.coat ?? phrases.coat,
    bus: local.bus ?? phrases.bus,
    car: local.car ?? phrases.car,
    kites: local.kites ?? phrases.kites,
    drive: local.drive ?? phrases.drive,
    mention: random.pick(country.mentions),
  }
}

function fill(phrase: string, words: Record<string, string>): string {
  const text = phrase.replace(/\{(\w+)\}/g, (_, name: string) => {
    const word = words[name]
    if (word === undefined) throw new Error(`no word for {${name}} in "${phrase}"`)
    return word
  })
  return text.replace(/\b([Dd])e el (?=\p{L})/gu, '$1el ').replace(/\b([Aa]) el (?=\p{L})/gu, '$1l ')
}

function inTheirStyle(text: string, random: Random): string {
  const style = random.next()
  if (style < 0.16) return text.replace(/[¡¿]/g, '')
  if (style < 0.23) return text.replace(/[¡¿]/g, '').replace(/^[^@#]/, (first) => first.toLowerCase())
  if (style < 0.26)
    return text.replace(/@\S+|\S+/g, (word) => (word.startsWith('@') ? word : word.toUpperCase()))
  return text
}

function capitalise(sentence: string): string {
  return sentence.replace(
    /^([¡¿]?)(\p{Ll})/u,
    (_, mark: string, letter: string) => mark + letter.toUpperCase(),
  )
}
