import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../lib/errors.ts'
import { readArguments, usage } from './arguments.ts'

const event = '--event scenarios.WeatherTweet --pipeline weather --partitions 4'
const needed = `${event} --from http://0.0.0.0:8080 --to grpc://publisher:50051`.split(' ')

function mistakesOf(argv: string[]): string[] {
  try {
    readArguments(argv)
    return []
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.mistakes
    throw cause
  }
}

/** The arguments that are needed, with one of them replaced. */
function withValue(flag: string, value: string): string[] {
  const at = needed.indexOf(flag)
  return at < 0 ? [...needed, flag, value] : needed.toSpliced(at + 1, 1, value)
}

test('the least that a hop needs is event, pipeline, partitions, from and to; the rest has defaults', () => {
  const { from, to, ...rest } = readArguments(needed)
  assert.deepEqual([from.scheme, from.hosts], ['http', ['0.0.0.0:8080']])
  assert.deepEqual(
    to.map(({ url }) => url),
    ['grpc://publisher:50051'],
  )
  assert.deepEqual(rest, {
    event: 'scenarios.WeatherTweet',
    pipeline: 'weather',
    partitions: 4,
    fastPaths: [],
    name: 'hop',
    lanes: 1,
    admin: undefined,
    deadlineMs: 10_000,
    queueBytes: 33_554_432,
  })
})

test('to and then may be repeated, and an option may be written with =', () => {
  const more = ['--to=mongodb://m/db', '--then', 'ws://a:1', '--then=redis://r', '--admin=http://127.0.0.1:0']
  const { to, fastPaths, admin } = readArguments([...needed, ...more])
  assert.deepEqual(
    [...to, ...fastPaths].map(({ hosts }) => hosts[0]),
    ['publisher:50051', 'm:27017', 'a:1', 'r:6379'],
  )
  assert.equal(admin?.url, 'http://127.0.0.1:0')
})

test('all mistakes are listed at once', () => {
  const argv =
    '--pipeline The_Weather --partitions 0 --lanes many --lanes 65 --from redis://r --to kafka://k --name a_b ' +
    '--then grpc://a:1?client=go --deadline-ms 99 --queue-bytes 1e6 --admin ws://a:1 --color red stray'
  assert.deepEqual(
    mistakesOf(argv.split(' ')).toSorted(),
    [
      '--admin ws://a:1: unknown scheme "ws" (here: http)',
      '--color: unknown option (see --help)',
      '--deadline-ms 99: must be an integer from 100 to 600000',
      '--event: is missing',
      '--from redis://r: unknown scheme "redis" (here: http, hop-http, connect, grpc, ws, kafka, redis-pubsub, redis-stream, mongodb)',
      '--from redis://r: "r" has no port',
      '--lanes many: must be an integer from 1 to 64',
      '--lanes: is given 2 times',
      '--name a_b: may hold small letters, digits and - only, 63 at most',
      '--partitions 0: must be an integer from 1 to 10000',
      '--pipeline The_Weather: may hold small letters, digits and - only, 63 at most',
      '--queue-bytes 1e6: must be an integer from 65536 to 4294967296',
      '--then grpc://a:1?client=go: parameter "client" is grpc-js or connect',
      '--to kafka://k: the topic is missing: …/<topic>',
      'red: is no option (see --help)',
      'stray: is no option (see --help)',
    ].toSorted(),
  )
})

test('no arguments at all name everything that is missing', () => {
  assert.deepEqual(mistakesOf([]).toSorted(), [
    '--event: is missing',
    '--from: is missing',
    '--partitions: is missing',
    '--pipeline: is missing',
    '--to: is missing',
  ])
})

for (const flag of [
  '--event',
  '--pipeline',
  '--partitions',
  '--from',
  '--to',
  '--name',
  '--lanes',
  '--admin',
]) {
  test(`an empty value is a mistake, as an unset shell variable gives it: ${flag}`, () => {
    assert.match(mistakesOf(withValue(flag, '')).join('\n'), new RegExp(`^${flag}: `, 'm'))
  })
}

test('an option without its value says so', () => {
  assert.deepEqual(mistakesOf([...needed, '--name']), ['--name: the value is missing'])
})

const sources = [
  'http://0.0.0.0:8080?encode=wasm',
  'grpc://0.0.0.0:50051',
  'ws://0.0.0.0:9001',
  'hop-http://0.0.0.0:8083',
  'connect://0.0.0.0:8084',
  'kafka://a,b:9093/messages?group=archiver',
  'redis-pubsub://r/covid',
  'redis-stream://r:6380?group=archiver',
]
const sinks = [
  'grpc://a:1?client=connect',
  'ws://a:1',
  'hop-http://a:1',
  'connect://a:1',
  'kafka://a,b/t',
  'redis://r',
  'redis-pubsub://r/covid',
  'redis-stream://r?backlog-bytes=1000000',
  'mongodb://a,b/weather',
]
for (const [flag, urls] of Object.entries({ '--from': sources, '--to': sinks, '--then': sinks })) {
  for (const url of urls) {
    test(`${flag} ${url} is understood`, () => assert.deepEqual(mistakesOf(withValue(flag, url)), []))
  }
}

const wrongEndpoints: [flag: string, url: string][] = [
  ['--from', 'http://0.0.0.0:8080/input'],
  ['--from', 'http://0.0.0.0:8080?secret=x'],
  ['--from', 'http://0.0.0.0:8080?encode=rust'],
  ['--from', 'grpc://0.0.0.0'],
  ['--from', 'hop-http://0.0.0.0'],
  ['--from', 'hop-http://0.0.0.0:1/append'],
  ['--from', 'hop-http://0.0.0.0:1?encode=wasm'],
  ['--from', 'connect://0.0.0.0:70000'],
  ['--from', 'connect://a:1,b:1'],
  ['--from', 'redis-pubsub://r'],
  ['--from', 'redis-pubsub://r/a/b'],
  ['--from', 'redis-pubsub://r/covid?group=a'],
  ['--from', 'redis-stream://r'],
  ['--from', 'redis-stream://r/s?group=a'],
  ['--from', 'redis-stream://r?group=a:b'],
  ['--from', 'kafka://a/messages'],
  ['--from', 'kafka://a/messages?group=a%20b'],
  ['--from', 'mongodb://a:1'],
  ['--from', 'redis://r:1'],
  ['--to', 'http://a:1'],
  ['--to', 'grpc://a:1,b:1'],
  ['--to', 'hop-http://a:1?client=undici'],
  ['--to', 'connect://a'],
  ['--to', 'redis-pubsub://r/co%20vid'],
  ['--to', 'redis-stream://r?group=a'],
  ['--to', 'redis-stream://r?backlog-bytes=64k'],
  ['--to', 'mongodb://a'],
  ['--to', 'redis://a/1'],
]
for (const [flag, url] of wrongEndpoints) {
  test(`${flag} ${url} is one mistake`, () => assert.equal(mistakesOf(withValue(flag, url)).length, 1))
}

for (const name of 'event pipeline partitions from to then name lanes admin deadline-ms queue-bytes'.split(
  ' ',
)) {
  test(`--${name} is an option, and the usage explains it`, () => {
    assert.doesNotMatch(mistakesOf([`--${name}`, 'x']).join('\n'), /unknown option/)
    assert.match(usage, new RegExp(`^  --${name} `, 'm'))
  })
}

test('a secret is named in a URL of Kafka, and its name leads nowhere but into the folder of secrets', () => {
  const args = (secret: string) =>
    [
      '--event scenarios.WeatherTweet --pipeline weather --partitions 3',
      `--from kafka://k:9093/t?group=g&secret=${secret} --to kafka://k:9093/u?secret=${secret}`,
    ].flatMap((line) => line.split(' '))
  const { from, to } = readArguments(args('kafka'))
  assert.deepEqual(
    [from, ...to].map(({ parameters }) => parameters.get('secret')),
    ['kafka', 'kafka'],
  )
  assert.throws(() => readArguments(args('../tls')), /parameter "secret" may hold small letters/)
})
