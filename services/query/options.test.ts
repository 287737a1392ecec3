import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../lib/errors.ts'
import { parseOptions } from './options.ts'

const good = [
  '--event=scenarios.WeatherTweet',
  '--pipeline=weather',
  '--listen=http://0.0.0.0:8081',
  '--live=redis://cache',
  '--log=mongodb://one,two:27018/weather',
  '--kafka=kafka://kafka:9092/messages',
]

function mistakesOf(args: string[]): string[] {
  try {
    parseOptions(args)
  } catch (cause) {
    assert.ok(cause instanceof ConfigError)
    return cause.mistakes
  }
  return []
}

test('a complete command line is read, with the default ports and groups', () => {
  const options = parseOptions(good)
  assert.equal(options.eventType.schema.typeName, 'scenarios.WeatherTweet')
  assert.equal(options.keys.total, '{weather}:total')
  assert.deepEqual(options.live.hosts, ['cache:6379'])
  assert.deepEqual(options.log.hosts, ['one:27017', 'two:27018'])
  assert.equal(options.log.path, 'weather')
  assert.equal(options.kafka?.path, 'messages')
  assert.deepEqual(options.groups, ['archiver', 'repair'])
  assert.deepEqual(parseOptions([...good, '--groups', 'a,b,c']).groups, ['a', 'b', 'c'])
})

test('without --kafka MongoDB is the log, and has no consumer groups', () => {
  const own = good.filter((option) => !option.startsWith('--kafka'))
  assert.equal(parseOptions(own).kafka, undefined)
  assert.deepEqual(mistakesOf([...own, '--groups=a']), ['--groups is of --kafka, and that is missing'])
})

test('an empty command line names every option that is missing', () => {
  const missing = ['event', 'pipeline', 'listen', 'live', 'log'].map((name) => `--${name} is missing`)
  assert.deepEqual(mistakesOf([]), missing)
})

test('all mistakes are listed at once', () => {
  const mistakes = mistakesOf([
    '--event=scenarios.None',
    '--pipeline=Not Good',
    '--listen=tcp://0.0.0.0:8081',
    '--live=redis://user:password@cache',
    '--log=mongodb://one',
    '--kafka=kafka://kafka:99999/messages',
    '--groups=a,,b',
    '--speed=9',
    'stray',
    '--live',
  ])
  for (const part of [
    /--event scenarios\.None/,
    /--pipeline Not Good/,
    /--listen tcp:.*unknown scheme/,
    /--live .*user info/,
    /--log .*database is missing/,
    /--kafka .*99999/,
    /--groups .*""/,
    /--speed is no option/,
    /"stray" belongs to no option/,
    /--live is given twice/,
  ]) {
    assert.ok(
      mistakes.some((mistake) => part.test(mistake)),
      `${part} is not among ${mistakes.join(' | ')}`,
    )
  }
  assert.ok(!mistakes.join().includes('password'), 'a password must not be repeated')
})

test('another origin may read only when it is named, and is an origin', () => {
  assert.equal(parseOptions(good).allowOrigin, undefined)
  const origin = 'https://pages.example.com'
  assert.equal(parseOptions([...good, `--allow-origin=${origin}`]).allowOrigin, origin)
  for (const wrong of ['*', 'pages.example.com', `${origin}/`])
    assert.deepEqual(mistakesOf([...good, `--allow-origin=${wrong}`]), [
      `--allow-origin ${wrong}: is no origin such as https://pages.example.com`,
    ])
})

test('the graph is read hop by hop, and what does not fit together is named', () => {
  const { hops, intakes, reports } = parseOptions([
    ...good,
    '--hop=http://intake-health:9101?name=api&from=http&to=publisher&fast=writer',
    '--hop=http://intake-health:9102?name=publisher&from=grpc&to=kafka',
    '--hop=http://intake-health:9103?name=writer&from=ws&to=redis',
    '--intake=http://api:8080?hop=api',
    '--reports=a,b',
  ])
  assert.deepEqual(hops[0], {
    name: 'api',
    from: 'http',
    to: ['publisher'],
    fast: ['writer'],
    admin: 'intake-health:9101',
  })
  assert.deepEqual([...intakes], [['api', 'http://api:8080']])
  assert.deepEqual(reports, ['a', 'b'])
  const mistakes = mistakesOf([
    ...good,
    '--hop=http://a:1?name=api&from=http&to=nobody',
    '--hop=http://a:1?name=api&from=http&to=kafka',
    '--hop=http://a:1?name=b',
  ])
  for (const part of [/two hops have one name/, /sends to "nobody"/, /"from" is missing/, /"to" is missing/])
    assert.ok(
      mistakes.some((mistake) => part.test(mistake)),
      `${part} is not among ${mistakes.join(' | ')}`,
    )
})
