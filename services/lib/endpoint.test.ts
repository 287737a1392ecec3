import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostOf, parseEndpoint, portOf, type SchemeRules } from './endpoint.ts'

const schemes: Record<string, SchemeRules> = {
  http: { parameters: {} },
  kafka: {
    defaultPort: 9092,
    manyHosts: true,
    path: { name: 'topic', required: true },
    parameters: { group: { required: true, pattern: /^[a-z]+$/, rule: 'may hold small letters only' } },
  },
  redis: { defaultPort: 6379, path: { name: 'channel', required: false }, parameters: {} },
}

function parse(url: string) {
  const mistakes: string[] = []
  return { endpoint: parseEndpoint('--to', url, schemes, mistakes), mistakes }
}

test('an endpoint is taken apart into scheme, hosts, path and parameters', () => {
  const { endpoint, mistakes } = parse('kafka://broker:9093/messages?group=archiver')
  assert.deepEqual(mistakes, [])
  assert.deepEqual(endpoint, {
    url: 'kafka://broker:9093/messages?group=archiver',
    scheme: 'kafka',
    hosts: ['broker:9093'],
    path: 'messages',
    parameters: new Map([['group', 'archiver']]),
  })
})

test('a broker list is many hosts, and each that names no port has the default one', () => {
  const { endpoint, mistakes } = parse('kafka://a,b:1,10.0.0.3:65535/t?group=g')
  assert.deepEqual(mistakes, [])
  assert.deepEqual(endpoint.hosts, ['a:9092', 'b:1', '10.0.0.3:65535'])
})

test('an IPv6 host stands in brackets, and is bound without them', () => {
  const { endpoint, mistakes } = parse('http://[::1]:8080')
  assert.deepEqual(mistakes, [])
  assert.deepEqual([hostOf(endpoint.hosts[0]!), portOf(endpoint.hosts[0]!)], ['::1', 8080])
  assert.deepEqual(parse('redis://[2001:db8::7]').endpoint.hosts, ['[2001:db8::7]:6379'])
  assert.equal(parse('http://::1:8080').mistakes.length, 1)
})

test('slashes at the end of a path mean nothing', () => {
  assert.equal(parse('redis://r/news/').endpoint.path, 'news')
  assert.equal(parse('redis://r/').endpoint.path, '')
})

test('every mistake of an endpoint is listed at once, with the flag and the URL in front', () => {
  const url = 'kafka://a:70000,,b c/one/two?group=UP&group=x&color=red'
  assert.deepEqual(
    parse(url).mistakes,
    [
      'port 70000 is above 65535',
      'the host is missing',
      '"b c" is not host:port',
      'the topic "one/two" may hold letters, digits, . _ - only',
      'parameter "group" may hold small letters only',
      'parameter "group" is given twice',
      'unknown parameter "color" (here: group)',
    ].map((text) => `--to ${url}: ${text}`),
  )
})

const single: [url: string, mistake: RegExp][] = [
  ['nonsense', /is not of the form scheme:\/\/host:port.*\(schemes: http, kafka, redis\)/],
  ['http:/a:1', /is not of the form/],
  ['http://a:1#part', /is not of the form/],
  ['ftp://a:1', /unknown scheme "ftp" \(here: http, kafka, redis\)/],
  ['http://a', /"a" has no port/],
  ['http://:80', /":80" is not host:port/],
  ['http://a:1,b:2', /takes one host, not 2/],
  ['http://a:1/path', /takes no path, and "\/path" is one/],
  ['http://a:1?x=1', /unknown parameter "x" \(it takes none\)/],
  ['kafka://a?group=g', /the topic is missing: …\/<topic>/],
  ['kafka://a/t', /parameter "group" is missing/],
]
for (const [url, mistake] of single) {
  test(`${url} has one mistake: ${mistake.source}`, () => {
    const { mistakes } = parse(url)
    assert.equal(mistakes.length, 1, mistakes.join('\n'))
    assert.match(mistakes[0]!, mistake)
  })
}

const withUserInfo = [
  'redis://ann:s3cret@redis:6379',
  'redis://s3cret@redis:6379',
  'kafka://ann:s3cret@a,ann:s3cret@b/t?group=g',
  'ftp://ann:s3cret@host:1',
  'REDIS://ann:s3cret@redis:6379',
  'redis://ann:s3cret#1@redis:6379',
  'redis://ann:s3cret/1@redis:6379',
  'redis://ann:s3cret?1@redis:6379',
]
for (const url of withUserInfo) {
  test(`user info is a mistake and is never echoed: ${url.replaceAll('s3cret', '…')}`, () => {
    const { endpoint, mistakes } = parse(url)
    assert.notEqual(mistakes.length, 0)
    assert.doesNotMatch(mistakes.join('\n'), /s3cret/)
    assert.doesNotMatch(endpoint.url, /s3cret/)
  })
}
