import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, parseDurationMs } from './duration.ts'
import { parseOptions, UsageError } from './options.ts'

const mistakesOf = (args: string): string[] => {
  try {
    parseOptions(args.split(' '))
  } catch (error) {
    if (error instanceof UsageError) return error.mistakes
    throw error
  }
  return []
}

test('the command of the source documents is understood as it stands', () => {
  const options = parseOptions('-f data.json --concurrence 10 -n 10000 --timeout 3m'.split(' '))
  assert.deepEqual(options, {
    file: 'data.json',
    hosts: [new URL('http://localhost:8080/input')],
    rounds: 1,
    expectations: [],
    concurrence: 10,
    requests: 10_000,
    timeoutMs: 180_000,
    engine: 'net',
    spawnRate: 10,
  })
})

test('every flag has a long and a short form', () => {
  const long =
    '--file d --users 5 --requests 7 --timeout 1s --host https://h/x --rate 2.5 --json r --engine locust --spawn-rate 2'
  const short = '-f d -u 5 -n 7 -t 1s -H https://h/x -r 2.5 -j r -e locust -s 2'
  assert.deepEqual(parseOptions(short.split(' ')), parseOptions(long.split(' ')))
  assert.equal(parseOptions(['-c', '3', '-f', 'd'])?.concurrence, 3)
})

test('help asks for nothing else', () => {
  assert.equal(parseOptions(['--help']), undefined)
  assert.equal(parseOptions(['-h', '-n', 'x']), undefined)
})

test('a host without a path gets /input, another path is kept', () => {
  const hrefOf = (host: string) => parseOptions(['-f', 'd', '--host', host])?.hosts[0]?.href
  assert.equal(hrefOf('http://intake:1234'), 'http://intake:1234/input')
  assert.equal(hrefOf('http://intake:1234/'), 'http://intake:1234/input')
  assert.equal(hrefOf('https://intake/covid/input?a=b'), 'https://intake/covid/input?a=b')
})

test('all mistakes are said at once', () => {
  const mistakes = mistakesOf(
    '--concurrence 0 -n ten --timeout 3 --host localhost:8080 --colour --users 4 extra --rate 0',
  )
  assert.deepEqual(mistakes, [
    'unknown flag --colour',
    '"extra" is not a flag',
    '-f FILE is missing: which rows to send',
    '--users needs --engine locust',
    '--users and --concurrence mean the same: give one',
    '--concurrence must be a whole number from 1 to 10000, not "0"',
    '--timeout must be a time up to 24h such as 90s, 3m or 1m30s, not "3"',
    '--rate must be a number above 0 to 1000000, not "0"',
    '--host must be a URL such as http://localhost:8080, not "localhost:8080"',
    '--requests must be a whole number from 1 to 1000000000, not "ten"',
  ])
})

test('a flag without its value, given twice, or with credentials in the host is a mistake', () => {
  assert.deepEqual(mistakesOf('-f d -n 1 -n 2'), ['--requests is given twice'])
  assert.deepEqual(mistakesOf('-f d --host http://me:pw@h'), ['--host must not hold a user or password'])
  assert.deepEqual(mistakesOf('-f d --json'), ['--json needs a value'])
  assert.deepEqual(mistakesOf('-f d --engine wrk'), ['--engine must be net or locust, not "wrk"'])
})

test('durations are read as Go writes them', () => {
  const cases = {
    '90s': 90_000,
    '3m': 180_000,
    '1m30s': 90_000,
    '250ms': 250,
    '1.5s': 1_500,
    '1h': 3_600_000,
  }
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDurationMs(text), ms, text)
  for (const text of ['', '3', '3 m', 'm', '-3m', '3d', '3m!'])
    assert.equal(parseDurationMs(text), undefined, text)
})

test('durations are written so that they can be read', () => {
  assert.equal(formatDuration(90_000), '1m30s')
  assert.equal(formatDuration(3_600_000), '1h')
  assert.equal(formatDuration(1_234), '1.2s')
})

test('a ramp rises to the rate and stays, stages say how many requests there are', () => {
  const ramp = parseOptions('-f d --rate 200 --ramp 10s'.split(' '))
  assert.deepEqual([ramp?.stages, ramp?.requests], [[{ seconds: 10, rate: 200 }], 10_000])
  const stages = parseOptions('-f d --stages 10s:100,1m:100,500ms:0'.split(' '))
  assert.deepEqual(stages?.stages, [
    { seconds: 10, rate: 100 },
    { seconds: 60, rate: 100 },
    { seconds: 0.5, rate: 0 },
  ])
  assert.equal(stages?.requests, 500 + 6_000 + 25)
  assert.equal(parseOptions('-f d -n 7 --stages 10s:100'.split(' '))?.requests, 7)
})

test('mistakes of open loops, expectations and targets are said with the others', () => {
  assert.deepEqual(mistakesOf('-f d --stages 10s:0,5:3 --ramp 3 --query foo --expect p98'), [
    '--stages say the rate: give no --rate or --ramp',
    '--stages must be like 30s:1000,1m:0 with rates up to 1000000, not "5:3"',
    '--ramp must be a time such as 10s, not "3"',
    '--ramp needs --rate: what to rise to',
    '--expect "p98" is not like p99<50ms',
    '--query must be a URL such as http://localhost:8080, not "foo"',
  ])
  assert.deepEqual(mistakesOf('-f d --expect redis.p99<50ms --rounds 0'), [
    '--expect of a store needs --query: only the query service knows it',
    '--rounds must be a whole number from 1 to 100, not "0"',
  ])
  assert.deepEqual(mistakesOf('-f d --stages 1s:10,1s:0 -n 11'), [
    '--stages end at 0 after 10 requests, fewer than -n',
  ])
  assert.deepEqual(mistakesOf('-f d --host http://a --host http://b --query http://c'), [
    '--query is of one pipeline: give one --host',
  ])
})
