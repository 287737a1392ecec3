// The shape of the phrases that a weather tweet is made of; the words are in weather-es.ts and weather-en.ts.

export const KINDS = [
  'heat',
  'sun',
  'cloudy',
  'humid',
  'drizzle',
  'rain',
  'storm',
  'hail',
  'fog',
  'wind',
  'cold',
  'snow',
  'sky',
  'ash',
] as const
export type Kind = (typeof KINDS)[number]

/**
 * A phrase may begin with `m|`, `t|`, `n|` or several of them, `mt|`: then it is only for the morning, the
 * afternoon or the night.
 * `{place}` is a city, `{spot}` a street or district (else the city), `{deg}` a temperature, `{now}` some word
 * for now, `{part}` always "this morning" and the like, `{clock}` a time, `{day}` today, `{later}` another
 * weekday, `{oh}` an interjection; `{coat}` and `{bus}` have articles.
 */
export type Phrases = {
  /** First sentences, each whole by itself. */
  openers: Record<Kind, readonly string[]>
  /** Sentences that may follow an opener of the kind. */
  tails: Record<Kind, readonly string[]>
  /** Whole tweets of a few characters. */
  short: Record<Kind, readonly string[]>
  /** Sentences to somebody, with `{mention}`. */
  mentions: readonly string[]
  /** The same when the weather does harm. */
  warnings: readonly string[]
  hashtags: Record<Kind, readonly string[]>
  oh: readonly string[]
  coat: string
  bus: string
  car: string
  kites: string
  drive: string
  days: readonly string[]
  part: Record<'m' | 't' | 'n', string>
  now: Record<'m' | 't' | 'n', readonly string[]>
  clock: (hour: number, minute: number) => string
  degrees: (degrees: number, unit: 'C' | 'F', form: number) => string
}

export const EMOJI: Record<Kind, readonly string[]> = {
  heat: ['🥵', '☀️', '🔥', '😓', '🌡️', '💦'],
  sun: ['☀️', '😎', '🌤️', '🌞', '💛', '😊'],
  cloudy: ['☁️', '🌥️', '⛅', '😐', '🌫️'],
  humid: ['🥵', '💦', '😮‍💨', '🫠', '🌡️'],
  drizzle: ['🌦️', '☔', '💧', '🌧️', '☕'],
  rain: ['🌧️', '☔', '💦', '🌊', '😩', '🙏🏽'],
  storm: ['⛈️', '⚡', '🌩️', '😱', '🙈'],
  hail: ['🧊', '⛈️', '😳', '🌨️'],
  fog: ['🌫️', '👀', '🚗', '☕'],
  wind: ['💨', '🍃', '🌬️', '🪁', '😵‍💫'],
  cold: ['🥶', '❄️', '☕', '🧣', '🧥'],
  snow: ['❄️', '☃️', '🌨️', '⛄', '🤍'],
  sky: ['🌅', '😍', '✨', '💜', '👀'],
  ash: ['🌋', '😷', '👀', '🙏🏼'],
}
