// Whether and where a hop sends spans, by OpenTelemetry's own environment variables.

export type TracingOptions = {
  /** Where spans are posted. */
  url: string
  /** Of the requests whose client decided nothing, how many are traced: 0 to 1. */
  ratio: number
  /** How long a span waits for others to be sent with. */
  flushMs: number
  /** How many spans wait at most; those beyond are lost. */
  queueSpans: number
}

type Env = Readonly<Record<string, string | undefined>>

/** What is used of those that may have several values, and the only value that works. */
const only: Record<string, string> = {
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
}
/** With the specification's defaults. The exporter reads the last two itself, and takes its own in place of a bad one. */
const numbers = {
  OTEL_BSP_SCHEDULE_DELAY: 5_000,
  OTEL_BSP_MAX_QUEUE_SIZE: 2_048,
  OTEL_EXPORTER_OTLP_TIMEOUT: 10_000,
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: 10_000,
}

/** Undefined means off: no endpoint is named, or tracing is switched off. Mistakes are added to `mistakes`, all of them. */
export function readTracing(env: Env, mistakes: string[]): TracingOptions | undefined {
  // By the specification an empty variable is one that is not set.
  const read = (name: string) => env[name] || undefined
  const off = read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || read('OTEL_TRACES_EXPORTER') === 'none'
  const own = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const shared = read('OTEL_EXPORTER_OTLP_ENDPOINT')
  if (off || (own === undefined && shared === undefined)) return undefined
  for (const [name, value] of Object.entries(only)) {
    const given = read(name)
    if (given !== undefined && given !== value) mistakes.push(`${name}=${given}: only ${value} is supported`)
  }
  const integers = { ...numbers }
  for (const name of Object.keys(numbers) as (keyof typeof numbers)[]) {
    const given = read(name)
    if (given === undefined) continue
    integers[name] = Number(given)
    if (!/^[1-9]\d{0,5}$/.test(given)) mistakes.push(`${name}=${given}: must be an integer from 1 to 999999`)
  }
  const ratioText = read('OTEL_TRACES_SAMPLER_ARG') ?? '0'
  const ratio = /^(\d+\.?\d*|\.\d+)$/.test(ratioText) ? Number(ratioText) : NaN
  if (!(ratio >= 0 && ratio <= 1))
    mistakes.push(`OTEL_TRACES_SAMPLER_ARG=${ratioText}: must be a number from 0 to 1`)
  const url =
    own === undefined
      ? urlOf('OTEL_EXPORTER_OTLP_ENDPOINT', shared!, mistakes)
      : urlOf('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', own, mistakes)
  if (!url) return undefined
  // The shared endpoint is that of all signals, each of which has its path below it.
  if (own === undefined) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`
  return {
    url: url.href,
    ratio,
    flushMs: integers.OTEL_BSP_SCHEDULE_DELAY,
    queueSpans: integers.OTEL_BSP_MAX_QUEUE_SIZE,
  }
}

function urlOf(name: string, text: string, mistakes: string[]): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    mistakes.push(`${name}: must be an http:// or https:// URL`)
    return undefined
  }
  if (url.username || url.password) {
    mistakes.push(`${name}: user info in a URL would show in logs; OTEL_EXPORTER_OTLP_HEADERS carries it`)
    return undefined
  }
  return url
}
