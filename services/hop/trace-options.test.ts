import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { readTracing, type TracingOptions } from './trace-options.ts'

function read(env: Record<string, string>): { tracing: TracingOptions | undefined; mistakes: string[] } {
  const mistakes: string[] = []
  return { tracing: readTracing(env, mistakes), mistakes }
}
const shared = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

test('tracing is off unless an endpoint is named, and then what else is set does not matter', () => {
  for (const env of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, { OTEL_TRACES_SAMPLER_ARG: 'much' }])
    assert.deepEqual(read(env), { tracing: undefined, mistakes: [] })
})

test('tracing is off where OpenTelemetry is switched off, or no exporter is wanted', () => {
  for (const env of [{ OTEL_SDK_DISABLED: 'True' }, { OTEL_TRACES_EXPORTER: 'none' }])
    assert.deepEqual(read({ ...shared, ...env }), { tracing: undefined, mistakes: [] })
})

test('spans go below the shared endpoint, or to exactly the one for traces', () => {
  const urlOf = (env: Record<string, string>) => read(env).tracing?.url
  assert.equal(urlOf(shared), 'http://collector:4318/v1/traces')
  assert.equal(urlOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp/' }), 'https://c/otlp/v1/traces')
  assert.equal(
    urlOf({ ...shared, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:1/spans' }),
    'http://c:1/spans',
  )
})

test('only those requests are traced whose client says so, unless a ratio is given', () => {
  assert.equal(read(shared).tracing?.ratio, 0)
  for (const [text, ratio] of Object.entries({ '0.25': 0.25, '1': 1, '1.0': 1, '.5': 0.5, '0': 0 }))
    assert.equal(read({ ...shared, OTEL_TRACES_SAMPLER_ARG: text }).tracing?.ratio, ratio)
})

test('how long spans wait and how many of them is the specification’s default, or what is given', () => {
  const { flushMs, queueSpans } = read(shared).tracing!
  assert.deepEqual([flushMs, queueSpans], [5_000, 2_048])
  const given = read({ ...shared, OTEL_BSP_SCHEDULE_DELAY: '7', OTEL_BSP_MAX_QUEUE_SIZE: '9' }).tracing!
  assert.deepEqual([given.flushMs, given.queueSpans], [7, 9])
})

test('values that work are no mistake', () => {
  const env = {
    ...shared,
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_BSP_MAX_QUEUE_SIZE: '',
  }
  assert.deepEqual(read(env).mistakes, [])
})

test('every value that is bad or does not work is listed, and no credentials are repeated', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:secret@collector:4318',
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_TRACES_SAMPLER_ARG: '1.5',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_BSP_MAX_QUEUE_SIZE: '-1',
  }
  assert.deepEqual(read(env).mistakes, [
    'OTEL_TRACES_SAMPLER=always_on: only parentbased_traceidratio is supported',
    'OTEL_EXPORTER_OTLP_PROTOCOL=grpc: only http/json is supported',
    'OTEL_BSP_MAX_QUEUE_SIZE=-1: must be an integer from 1 to 999999',
    'OTEL_TRACES_SAMPLER_ARG=1.5: must be a number from 0 to 1',
    'OTEL_EXPORTER_OTLP_ENDPOINT: user info in a URL would show in logs; OTEL_EXPORTER_OTLP_HEADERS carries it',
  ])
  for (const text of ['0,5', '1e-2', 'NaN', '-0'])
    assert.equal(read({ ...shared, OTEL_TRACES_SAMPLER_ARG: text }).mistakes.length, 1, text)
  for (const text of ['collector:4318', 'grpc://collector', 'x'])
    assert.match(read({ OTEL_EXPORTER_OTLP_ENDPOINT: text }).mistakes[0]!, /must be an http:\/\/ or https/)
})

test('the program lists mistakes of the environment with those of its arguments, and exits with 2', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const env = { ...process.env, ...shared, OTEL_TRACES_SAMPLER_ARG: 'all' }
  const { status, stderr } = spawnSync(process.execPath, [main, '--lanes', '0'], { env, encoding: 'utf8' })
  assert.equal(status, 2)
  assert.match(stderr, /^error: --lanes 0: must/m)
  assert.match(stderr, /^error: OTEL_TRACES_SAMPLER_ARG=all: must be a number from 0 to 1$/m)
})
