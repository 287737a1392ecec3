import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptions } from './options.ts'
import { describeSchema } from './schema.ts'
import { checkEvent } from './send.ts'

const optionsOf = (event: string, ...more: string[]) =>
  parseOptions([
    `--event=scenarios.${event}`,
    '--pipeline=p',
    '--listen=http://0.0.0.0:8081',
    '--live=redis://cache',
    '--log=mongodb://one/p',
    ...more,
  ])

test('the page is told every field with its rules, and every view', () => {
  const { fields, views, ...about } = describeSchema(
    optionsOf('Prediction', '--kafka=kafka://k/t', '--intake=http://api:8080?hop=api'),
  )
  assert.deepEqual(about, {
    pipeline: 'p',
    event: 'scenarios.Prediction',
    partitionKey: fields[0]!.name,
    intakes: ['api'],
    stored: false,
  })
  assert.deepEqual(
    fields.map(({ kind }) => kind),
    ['string', 'string', 'string', 'enum'],
  )
  assert.deepEqual(fields[0]!.rules, { min_len: '2', max_len: '56' })
  // What no event may have is not offered.
  assert.equal(fields[3]!.values?.length, 4)
  assert.deepEqual(
    views.map(({ kind }) => kind),
    ['count', 'count', 'distinct', 'latest', 'rate'],
  )
})

test('where MongoDB is the log it is counted, and choices are told', () => {
  const { fields, stored, views } = describeSchema(optionsOf('CovidCase'))
  assert.equal(stored, true)
  assert.deepEqual(fields[3]!.rules['in'], ['communitary', 'contact', 'hospitalary', 'imported'])
  assert.equal(views.find(({ kind }) => kind === 'histogram')?.labels?.length, 9)
})

test('an event is checked by the code of the intakes, and nothing of it is repeated', () => {
  const { eventType } = optionsOf('WeatherTweet')
  const ask = (body: string) => ({
    path: '',
    query: '',
    parameter: '',
    wantsPage: false,
    encodings: '',
    body: Buffer.from(body),
  })
  const { status, body } = checkEvent(eventType, ask('{"text": "s3cret", "country": ""}'))
  assert.equal(status, 200)
  const { violations } = JSON.parse(String(body)) as { violations: { field: string; rule: string }[] }
  assert.deepEqual(
    violations.map(({ field, rule }) => [field, rule]),
    [['country', 'string.min_len']],
  )
  assert.ok(!String(body).includes('s3cret'))
  assert.equal(
    String(checkEvent(eventType, ask('{"text": "a", "country": "Perú"}')).body),
    '{"violations":[]}',
  )
})
