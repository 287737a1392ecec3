import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eachRecord, outcomes, type Source } from '../batch.ts'
import type { Intake } from '../intake.ts'
import { eventType, openIntake } from './open-intake.ts'

let port = 0
let intake: Intake
let source: Source
/** Everything that the log was given, as documents. */
const logged: unknown[] = []
let accepted = 0

before(async () => {
  const opened = await openIntake({
    persist: ({ runs }) => {
      for (const run of runs) eachRecord(run, (event) => logged.push(eventType.toDocument(event)))
      return Promise.resolve(outcomes.stored())
    },
  })
  port = opened.port
  intake = opened.intake
  source = opened.source
})
after(() => source.close())

const good = { text: 'llueve', country: 'Perú' }
type Reply = { status: number; headers: Headers; text: string; error: string }

async function request(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
) {
  const json: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const init = { method, headers: { ...json, ...headers }, ...(body !== undefined && { body }) }
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type') === 'application/json'
  const error = isJson ? String((JSON.parse(text) as { error?: string }).error) : ''
  return { status: response.status, headers: response.headers, text, error } satisfies Reply
}

/** The server still takes an event, and the log has only what was accepted. */
async function assertUp(): Promise<void> {
  const { status } = await request('POST', '/input', JSON.stringify(good))
  assert.equal(status, 202)
  accepted++
  assert.equal(logged.length, accepted, 'the log has something that was refused')
  assert.deepEqual(logged.at(-1), good)
}

// `s3cret` marks what no answer may repeat.
const secret = 's3cret'
const ofText = (text: unknown) => JSON.stringify({ text, country: 'Perú' })
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const forged = { ...good, id: 'a-0-1', origin: secret, partition: 0, seq: 1 }

const refused: [
  name: string,
  status: number,
  error: RegExp,
  path: string,
  body: string | Buffer,
  headers?: Record<string, string>,
][] = [
  ['a number for a text', 400, /^text: must be a string/, '/input', ofText(5)],
  ['an object for a text', 400, /^text: must be a string/, '/input', ofText({ a: secret })],
  ['an array for an event', 400, /^an event is a JSON object$/, '/input', JSON.stringify([good])],
  ['null for an event', 400, /^an event is a JSON object$/, '/input', 'null'],
  [
    'an unknown field',
    400,
    /^color: is no field \(fields: text, country\)$/,
    '/input',
    JSON.stringify({ ...good, color: secret }),
  ],
  ['a missing field', 400, /^country: /, '/input', JSON.stringify({ text: secret })],
  ['a text that is too long', 400, /^text: /, '/input', ofText(secret.repeat(50))],
  [
    'a lone surrogate',
    400,
    /^text: must be a string of valid Unicode/,
    '/input',
    '{"text":"\\ud83d","country":"Perú"}',
  ],
  ['an empty body', 400, /^the body is empty/, '/input', ''],
  [
    'truncated JSON',
    400,
    /^the body is not valid JSON: mistake at character 16$/,
    '/input',
    `{"text": "${secret}`,
  ],
  [
    'a mistake in JSON',
    400,
    /^the body is not valid JSON: mistake inside it$/,
    '/input',
    `{"text": ${secret}}`,
  ],
  [
    'invalid UTF-8',
    400,
    /^the body is not valid UTF-8$/,
    '/input',
    Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
  ],
  ['nesting of 30,000 brackets', 400, /^an event is a JSON object$/, '/input', nested(30_000)],
  [
    'nesting of 100,000 brackets, above the limit of one event',
    413,
    /above 65536 bytes/,
    '/input',
    nested(100_000),
  ],
  ['nesting of 100,000 brackets, as a list of events', 400, /undefined/, '/events', nested(100_000)],
  ['nesting of 100,000 brackets, as a text', 400, /undefined/, '/events', `[{"text":${nested(100_000)}}]`],
  [
    'an event of 64 KiB and a byte',
    413,
    /^the body is above 65536 bytes$/,
    '/input',
    ofText('a'.repeat(65_536)),
  ],
  [
    'a text as content',
    415,
    /^Content-Type must be application\/json$/,
    '/input',
    JSON.stringify(good),
    { 'Content-Type': 'text/plain' },
  ],
  [
    'a form',
    415,
    /^Content-Type must be /,
    '/input',
    'text=a&country=Perú',
    { 'Content-Type': 'application/x-www-form-urlencoded' },
  ],
  [
    'lines as one event',
    415,
    /^Content-Type must be /,
    '/input',
    JSON.stringify(good),
    { 'Content-Type': 'application/x-ndjson' },
  ],
  [
    'a forged identity',
    400,
    /^id: is no field.*; origin: .*; partition: .*; seq: /,
    '/input',
    JSON.stringify(forged),
  ],
  [
    'a batch for the service between hops',
    404,
    /^no such page/,
    '/freshet.v1.HopService/Append',
    '{"batch":{"runs":[]}}',
  ],
  ['a batch for the link between hops', 404, /^no such page/, '/link', 'x'],
]
for (const [name, status, error, path, body, headers] of refused) {
  test(`${name} is answered ${status}, without its value, and the next event is accepted`, async () => {
    const reply = await request('POST', path, body, headers)
    assert.equal(reply.status, status, reply.text.slice(0, 300))
    assert.match(reply.error, error)
    assert.doesNotMatch(reply.text, /s3cret/)
    assert.ok(reply.text.length < 2_000)
    await assertUp()
  })
}

test('forged identity headers mean nothing: the receipt is of this intake', async () => {
  const headers = { freshet: 'forged-0-1;5;api', 'Idempotency-Key': 'forged' }
  const { status, text } = await request('POST', '/input', JSON.stringify(good), headers)
  accepted++
  assert.equal(status, 202)
  assert.match(text, new RegExp(`^{"id":"${intake.origin}-[0-3]-\\d+"}$`))
  await assertUp()
})

test('GET / is a short text on how to use it, and the admin pages are there', async () => {
  const { status, headers, text } = await request('GET', '/')
  assert.equal(status, 200)
  assert.match(headers.get('content-type')!, /^text\/plain/)
  for (const part of ['POST /input', 'POST /events', '{"text":"…","country":"…"}'])
    assert.ok(text.includes(part))
  for (const path of ['/healthz', '/readyz', '/metrics'])
    assert.equal((await request('GET', path)).status, 200)
})

const notAllowed = [
  'PUT / GET, POST',
  'GET /input POST',
  'GET /events POST',
  'DELETE /events POST',
  'POST /healthz GET',
  'POST /metrics GET',
]
for (const [, method, path, allow] of notAllowed.map((text) => /^(\w+) (\S+) (.*)$/.exec(text)!)) {
  test(`${method} ${path} is 405, and Allow says what the page takes`, async () => {
    const { status, headers, error } = await request(method!, path!)
    assert.deepEqual([status, headers.get('allow')], [405, allow])
    assert.match(error, /does not take/)
  })
}

test('any other page is 404', async () => {
  for (const path of ['/nowhere', '/input/', '/inputs', '//input', '/input/../secret']) {
    assert.equal((await request('GET', path)).status, 404, path)
  }
})
