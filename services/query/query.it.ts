// The program as a whole on real stores. One long file, because every test starts the same process in the same scene.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defer } from '../../test/defer.ts'
import {
  createScene,
  createSwitch,
  documentOf,
  found,
  mongoHost,
  ORIGIN,
  redisHost,
  startQuery,
  watch,
  type LiveMessage,
} from './test-scene.ts'

const nowSecond = () => String(Math.floor(Date.now() / 1_000))

test('GET /live holds every view, the newest event first', async (t) => {
  const { redis, key, options, name } = await createScene(t)
  const second = nowSecond()
  await redis.set(key('total'), '7')
  await redis.hSet(key('count:country'), { Chile: '4', '(other)': '2' })
  await redis.hSet(key('rate'), { [second]: '7', '1000': '9' })
  const event = (n: number) =>
    JSON.stringify({ id: `${ORIGIN}-0-${n}`, time: new Date(n).toISOString(), route: 'api' })
  await redis.zAdd(
    key('latest'),
    [1, 2, 3].map((n) => ({ score: n * 1_000, value: event(n) })),
  )
  const query = await startQuery(t, options)
  await query.ready()
  const { status, headers, json } = await query.get('/live')
  assert.equal(status, 200)
  assert.equal(headers.get('content-type'), 'application/json')
  const { at, ...state } = json()
  assert.ok(Math.abs(Date.parse(at as string) - Date.now()) < 5_000)
  assert.deepEqual(state, {
    pipeline: name,
    total: 7,
    views: {
      'count:country': { Chile: 4, '(other)': 2 },
      latest: [3, 2, 1].map((n) => JSON.parse(event(n)) as unknown),
      rate: { [second]: 7 },
    },
  })
})

test('500 callers at once share a few reads of Redis', async (t) => {
  const { options } = await createScene(t)
  const query = await startQuery(t, options)
  await query.ready()
  const before = await query.metric('freshet_query_live_reads_total')
  const began = Date.now()
  const statuses = await Promise.all(
    Array.from({ length: 500 }, async () => (await query.get('/live')).status),
  )
  const tookMs = Date.now() - began
  assert.deepEqual(new Set(statuses), new Set([200]))
  const reads = (await query.metric('freshet_query_live_reads_total')) - before
  assert.ok(reads <= tookMs / 100 + 1, `${reads} reads in ${tookMs} ms`)
})

test('watchers get the full state first and then only what changes; without watchers nothing is read', async (t) => {
  const { redis, key, options } = await createScene(t)
  await redis.set(key('total'), '2')
  await redis.hSet(key('count:country'), { Chile: '1', Japan: '1' })
  const query = await startQuery(t, options)
  await query.ready()
  const readsBefore = await query.metric('freshet_query_live_reads_total')
  const one = await watch(t, query.port)
  const full = await found('the full state', () => one.messages[0])
  assert.equal(full.total, 2)
  assert.deepEqual(full.views, { 'count:country': { Chile: 1, Japan: 1 }, latest: [], rate: {} })

  const two = await watch(t, query.port)
  await found('the full state of the second', () => two.messages[0]?.views)
  await redis.multi().incr(key('total')).hIncrBy(key('count:country'), 'Chile', 1).exec()
  for (const { messages } of [one, two]) {
    const change = await found('the change', () => messages.find(({ changes }) => changes))
    assert.deepEqual({ ...change, at: '' }, { at: '', total: 3, changes: { 'count:country': { Chile: 2 } } })
  }
  // A quiet pipeline still gives a sign of life.
  const seen = one.messages.length
  const sign = await found('a sign of life', () => one.messages[seen])
  assert.deepEqual(Object.keys(sign), ['at'])

  one.socket.close()
  two.socket.close()
  await found('no watchers', async () => (await query.metric('freshet_query_watchers')) === 0)
  const reads = await query.metric('freshet_query_live_reads_total')
  assert.ok(reads > readsBefore)
  await pause(700) // nearly three ticks, in which nothing may happen
  assert.equal(await query.metric('freshet_query_live_reads_total'), reads)
})

test('changes that come fast are merged to four messages a second', async (t) => {
  const { redis, key, options } = await createScene(t)
  const query = await startQuery(t, options)
  await query.ready()
  const { messages } = await watch(t, query.port)
  await found('the full state', () => messages[0]?.views)
  const began = Date.now()
  let sent = 0
  for (; Date.now() - began < 1_500; sent++) await redis.incr(key('total'))
  const last = await found('the last total', () => messages.find(({ total }) => total === sent))
  assert.ok(last)
  const most = ((Date.now() - began) / 1_000) * 4 + 2
  assert.ok(messages.length <= most, `${messages.length} messages, at most ${most}`)
})

test('a slow watcher is passed over, and gets the full state when it has caught up', async (t) => {
  const { redis, key, options } = await createScene(t)
  const query = await startQuery(t, options)
  await query.ready()
  const big = async (n: number) => {
    const value = JSON.stringify({
      id: `${ORIGIN}-0-${n}`,
      time: new Date(n).toISOString(),
      route: 'x'.repeat(4_000_000),
    })
    await redis
      .multi()
      .set(key('total'), String(n))
      .zRemRangeByRank(key('latest'), 0, -1)
      .zAdd(key('latest'), { score: n, value })
      .exec()
  }
  await big(1)
  const slow = connect(query.port, '127.0.0.1')
  defer(t, () => slow.destroy())
  slow.write(
    'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await once(slow, 'readable')
  const quick = await watch(t, query.port)
  let n = 1
  await found(
    'a message that is passed over',
    async () => {
      await big(++n)
      return (await query.metric('freshet_query_live_messages_skipped_total')) >= 3
    },
    20_000,
  )
  const quickHas = await found('the quick watcher to be up to date', () => quick.messages.at(-1)?.total === n)
  assert.ok(quickHas)
  // Now it reads everything that was sent to it: the last must be a full state with the newest total.
  let tail = ''
  slow.on('data', (chunk) => (tail = (tail + chunk.toString('latin1')).slice(-8_500_000)))
  await found('the full state with the newest total', () => tail.includes(`"total":${n},"views"`), 20_000)
})

test('when Redis goes, watchers hear since when; when it comes back they get the full state', async (t) => {
  const { redis, key, options } = await createScene(t)
  await redis.set(key('total'), '5')
  const redisSwitch = await createSwitch(t, redisHost)
  const query = await startQuery(t, { ...options, live: `redis://${redisSwitch.host}` })
  await query.ready()
  const { messages } = await watch(t, query.port)
  await found('the full state', () => messages[0]?.views)

  for (const [away, back] of [
    [redisSwitch.off, redisSwitch.on],
    [redisSwitch.freeze, redisSwitch.thaw],
  ] as const) {
    const lastGood = messages.at(-1)!.at
    await away()
    const stale = await found('a stale message', () => messages.at(-1)?.stale && messages.at(-1))
    assert.ok(
      stale.since! >= lastGood && stale.since! < stale.at,
      `${stale.since} is not between ${lastGood} and ${stale.at}`,
    )
    assert.equal((await query.get('/live')).status, 503)
    assert.equal((await query.get('/healthz')).status, 200)
    // Who comes now gets the last known state and is told that it is old.
    const late = await watch(t, query.port)
    await found('the late watcher to be told', () => late.messages.find((message) => message.stale))
    assert.equal(late.messages[0]!.total, 5)
    late.socket.close()

    const seen = messages.length
    await back()
    const isFull = (message: LiveMessage) => message.views !== undefined
    await found('the full state again', () => messages.slice(seen).find(isFull))
    assert.equal((await query.get('/live')).status, 200)
  }
})

test('a watcher that talks is closed', async (t) => {
  const { options } = await createScene(t)
  const query = await startQuery(t, options)
  const { socket, closed } = await watch(t, query.port)
  socket.send('hello')
  assert.equal(await closed, 1008)
})

test('paging through the log gives every event once, newest first, also where times are equal', async (t) => {
  const { events, options, name } = await createScene(t)
  const base = Date.parse('2026-01-01T00:00:00Z')
  // Ten events share each millisecond.
  const documents = Array.from({ length: 95 }, (_, n) =>
    documentOf(name, 0, n + 1, base + Math.floor(n / 10), n % 3 === 0 ? 'Chile' : 'Japón'),
  )
  await events.insertMany(documents)
  const query = await startQuery(t, options)
  await query.ready()
  type Page = { events: { id: string; time: string }[]; next: string | null }
  const all = async (filter: string) => {
    const found: Page['events'] = []
    for (let after = ''; ;) {
      const { status, body } = await query.get(`/logs?limit=7${filter}${after}`)
      assert.equal(status, 200)
      const page = JSON.parse(body) as Page
      found.push(...page.events)
      if (page.next === null) return found
      after = `&after=${page.next}`
    }
  }
  const expected = documents
    .toSorted((a, b) => b.time.getTime() - a.time.getTime() || (a._id < b._id ? 1 : -1))
    .map(({ _id }) => _id)
  assert.deepEqual(
    (await all('')).map(({ id }) => id),
    expected,
  )
  const chile = new Set(documents.filter(({ country }) => country === 'Chile').map(({ _id }) => _id))
  const filtered = expected.filter((id) => chile.has(id))
  assert.deepEqual(
    (await all('&country=Chile')).map(({ id }) => id),
    filtered,
  )
  assert.deepEqual(
    (await all('&pais=Chile')).map(({ id }) => id),
    filtered,
  )
  assert.equal((await all(`&country=${encodeURIComponent('Japón')}`)).length, 95 - filtered.length)
  assert.deepEqual(await all('&country=%7B%22%24ne%22%3A1%7D'), [])
  const {
    events: [first],
  } = (await query.get('/logs?limit=1')).json() as unknown as Page
  assert.deepEqual(first, {
    id: expected[0],
    time: new Date(base + 9).toISOString(),
    route: 'api',
    text: `text ${expected[0]!.split('-')[2]}`,
    country: documents.find(({ _id }) => _id === expected[0])!['country'],
    log: { topic: name, partition: 0, offset: Number(expected[0]!.split('-')[2]) - 1 },
  })
})

test('wrong requests are named and refused', async (t) => {
  const { options } = await createScene(t)
  const query = await startQuery(t, options)
  const wrong = await query.get('/logs?limit=9000&nothing=1&after=x')
  assert.equal(wrong.status, 400)
  assert.deepEqual(
    (wrong.json()['mistakes']! as { parameter: string }[]).map(({ parameter }) => parameter),
    ['limit', 'nothing', 'after'],
  )
  assert.equal((await query.get('/events/what')).status, 400)
  assert.equal((await query.get('/nothing')).status, 404)
  const posted = await fetch(`${query.url}/logs`, { method: 'POST', body: 'x' })
  assert.equal(posted.status, 405)
  assert.equal(posted.headers.get('allow'), 'GET')
  for (const path of ['/check', '/send?intake=api']) {
    const get = await query.get(path)
    assert.equal(get.status, 405)
    assert.equal(get.headers.get('allow'), 'POST')
    const form = await fetch(query.url + path, { method: 'POST', body: '{}' })
    assert.equal(form.status, 415)
    const headers = { 'Content-Type': 'application/json' }
    const large = await fetch(query.url + path, { method: 'POST', headers, body: ' '.repeat(70_000) })
    assert.equal(large.status, 413)
  }
  const headers = { 'Content-Type': 'application/json' }
  const unknown = await fetch(`${query.url}/send?intake=x`, { method: 'POST', headers, body: '{}' })
  assert.equal(unknown.status, 400)
  assert.match(((await unknown.json()) as { error: string }).error, /^intake: must be one of/)
  const broken = await fetch(`${query.url}/check`, { method: 'POST', headers, body: '{' })
  assert.deepEqual([broken.status, await broken.json()], [400, { error: 'the body is no JSON' }])
  assert.equal((await query.get(`/logs?text=${'x'.repeat(20_000)}`)).status, 431)
  assert.equal((await query.get('/healthz')).status, 200)
})

test('a receipt says where an event is: archived, only in the log, foreign, nowhere', async (t) => {
  const { redis, key, events, commit, append, appendOwn, options, name } = await createScene(t)
  await appendOwn(1, 1, 3_000)
  await append([{ partition: 0, value: '{}' }])
  await events.insertOne(documentOf(name, 1, 5, 1_000, 'Chile'))
  await commit(`${name}-archiver`, 1, 5)
  await redis.hSet(key('fences'), `${ORIGIN}-1`, '2000')
  const query = await startQuery(t, options)
  await query.ready()
  const receipt = async (id: string) => {
    const { status, json } = await query.get(`/events/${id}`)
    return { status, ...json() } as Record<string, unknown>
  }
  const { mongodb, ...archived } = await receipt(`${ORIGIN}-1-5`)
  assert.deepEqual(archived, {
    status: 200,
    id: `${ORIGIN}-1-5`,
    kafka: { topic: name, partition: 1, offset: 4 },
    redis: { counted: true },
  })
  assert.equal((mongodb as { country: string }).country, 'Chile')
  assert.deepEqual(await receipt(`${ORIGIN}-1-2999`), {
    status: 200,
    id: `${ORIGIN}-1-2999`,
    kafka: { topic: name, partition: 1, offset: 2998 },
    mongodb: null,
    redis: { counted: false },
  })
  assert.deepEqual((await receipt(`${name}-0-0`))['kafka'], { topic: name, partition: 0, offset: 0 })
  assert.equal((await receipt(`${name}-0-1`))['status'], 404)
  assert.equal((await receipt(`${ORIGIN}-1-3001`))['status'], 404)
  assert.equal((await receipt(`${ORIGIN}-77-1`))['status'], 404)
  assert.equal((await receipt(`stranger-1-1`))['status'], 404)
})

test('a receipt and the ledger say which store is away, and what the others know', async (t) => {
  const { redis, key, events, appendOwn, options, name } = await createScene(t)
  await appendOwn(0, 1, 10)
  await events.insertOne(documentOf(name, 0, 1, 1_000, 'Chile'))
  await redis.set(key('total'), '10')
  await redis.hSet(key('fences'), `${ORIGIN}-0`, '10')
  await redis.hSet(key('positions'), `${name}-0`, '10')
  const redisSwitch = await createSwitch(t, redisHost)
  const mongoSwitch = await createSwitch(t, mongoHost)
  const query = await startQuery(t, {
    ...options,
    live: `redis://${redisSwitch.host}`,
    log: `mongodb://${mongoSwitch.host}/${name}`,
  })
  await query.ready()
  const { at, ...ledger } = (await query.get('/ledger')).json()
  assert.ok(at)
  assert.deepEqual(ledger, {
    log: { records: 10, partitions: { 0: { low: 0, high: 10 }, 1: { low: 0, high: 0 } } },
    mongodb: { documents: 1 },
    redis: { total: 10, positions: { [`${name}-0`]: 10 }, fencesSum: 10 },
    lag: { [`${name}-archiver`]: 10, [`${name}-repair`]: 10 },
  })

  await redisSwitch.off()
  const withoutRedis = await query.get(`/events/${ORIGIN}-0-1`)
  assert.equal(withoutRedis.status, 200)
  assert.deepEqual(withoutRedis.json()['redis'], { error: 'Redis gave no answer' })
  await redisSwitch.on()
  await found('Redis again', async () => (await query.get('/live')).status === 200)

  mongoSwitch.freeze()
  const began = Date.now()
  const withoutMongo = await query.get(`/events/${ORIGIN}-0-2`)
  assert.ok(Date.now() - began < 8_000)
  assert.equal(withoutMongo.status, 200)
  assert.deepEqual(withoutMongo.json()['mongodb'], { error: 'MongoDB gave no answer' })
  assert.deepEqual(withoutMongo.json()['kafka'], { topic: name, partition: 0, offset: 1 })
  const partial = (await query.get('/ledger')).json()
  assert.deepEqual(partial['mongodb'], { error: 'MongoDB gave no answer' })
  assert.equal((partial['redis']! as { total: number }).total, 10)
  const logs = await query.get('/logs')
  assert.equal(logs.status, 503)
  assert.equal(logs.headers.get('retry-after'), '1')
  mongoSwitch.thaw()
  await found('MongoDB again', async () => (await query.get('/logs')).status === 200, 15_000)
})

test('it starts while stores are away, says so, and becomes ready by itself', async (t) => {
  const { options, name } = await createScene(t)
  const redisSwitch = await createSwitch(t, redisHost)
  const mongoSwitch = await createSwitch(t, mongoHost)
  await redisSwitch.off()
  await mongoSwitch.off()
  const query = await startQuery(t, {
    ...options,
    live: `redis://${redisSwitch.host}`,
    log: `mongodb://${mongoSwitch.host}/${name}`,
  })
  assert.equal((await query.get('/healthz')).status, 200)
  await found('Kafka to be reached', async () => !(await query.get('/readyz')).body.includes('Kafka'))
  const { status, body } = await query.get('/readyz')
  assert.equal(status, 503)
  assert.equal(body, 'not reached yet: Redis, MongoDB\n')
  assert.equal((await query.get('/')).status, 200)
  const { messages } = await watch(t, query.port)
  assert.ok(await found('a stale message', () => messages[0]?.stale))
  await mongoSwitch.on()
  await redisSwitch.on()
  await query.ready()
  await found('the full state', () => messages.find(({ views }) => views))
})

test('SIGTERM ends it within two seconds, also with watchers, waiting requests and a frozen store', async (t) => {
  const { options, name } = await createScene(t)
  const redisSwitch = await createSwitch(t, redisHost)
  const mongoSwitch = await createSwitch(t, mongoHost)
  const query = await startQuery(t, {
    ...options,
    live: `redis://${redisSwitch.host}`,
    log: `mongodb://${mongoSwitch.host}/${name}`,
  })
  await query.ready()
  const { closed, messages } = await watch(t, query.port)
  await found('the full state', () => messages[0])
  redisSwitch.freeze()
  mongoSwitch.freeze()
  const waiting = query.get('/logs').then(
    () => 'answered',
    () => 'cut',
  )
  await query.get('/healthz') // the request before it on another connection has arrived by now
  const { code, tookMs } = await query.stop()
  assert.equal(code, 0)
  assert.ok(tookMs < 2_000, `${tookMs} ms`)
  assert.equal(await closed, 1001)
  await waiting
})

test('on SIGTERM a reader who is connected is still answered, and the answer closes his connection', async (t) => {
  const { options } = await createScene(t)
  const query = await startQuery(t, options)
  await query.ready()
  const socket = connect(query.port, '127.0.0.1')
  defer(t, () => socket.destroy())
  let text = ''
  let ended = false
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.on('end', () => (ended = true))
  const ask = async () => {
    text = ''
    socket.write('GET /live HTTP/1.1\r\nHost: a\r\n\r\n')
    await found('an answer', () => text.endsWith('}'))
    assert.match(text, /^HTTP\/1.1 200 /)
    return /Connection: close/i.test(text)
  }
  assert.equal(await ask(), false)
  const stopped = query.stop()
  // Never silent for long, and none of the requests is refused.
  while (!(await ask()));
  await found('the end of the connection', () => ended)
  assert.equal((await stopped).code, 0)
  await assert.rejects(once(connect(query.port, '127.0.0.1'), 'connect'))
})

test('the page is served with its policy, and Prometheus gets its metrics', async (t) => {
  const { options, name } = await createScene(t)
  const query = await startQuery(t, options)
  const page = await query.get('/')
  assert.equal(page.status, 200)
  assert.match(page.headers.get('content-type')!, /^text\/html/)
  assert.match(
    page.headers.get('content-security-policy')!,
    /^default-src 'none'; script-src 'self'; style-src 'self';/,
  )
  for (const path of ['/live', '/logs', '/duel', '/loadtest']) {
    const asked = await fetch(query.url + path, { headers: { Accept: 'text/html,*/*' } })
    assert.match(asked.headers.get('content-type')!, /^text\/html/, path)
    assert.match(asked.headers.get('vary')!, /Accept/)
  }
  const [, script] = /src="(\/assets\/[^"]+\.js)"/.exec(page.body)!
  const asset = await query.get(script!)
  assert.equal(asset.status, 200)
  assert.match(asset.headers.get('cache-control')!, /immutable/)
  assert.equal((await query.get('/assets/none.js')).status, 404)
  assert.equal((await query.get('/duel')).json(), null)
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
  const { body } = await query.get('/metrics')
  const line = body.split('\n').find((one) => one.startsWith('freshet_query_request_seconds_count{'))
  for (const part of ['route="/"', 'status="200"', `pipeline="${name}"`])
    assert.ok(line?.includes(part), line)
  assert.ok(body.includes('freshet_query_store_up{'))
})

test('bad arguments are all listed and end it with code 2', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const { status, stderr } = spawnSync(
    process.execPath,
    [main, '--pipeline', 'x', '--live', 'http://x:1', '--what'],
    { encoding: 'utf8' },
  )
  assert.equal(status, 2)
  const mistakes = stderr.split('\n').filter((line) => line.startsWith('error: '))
  assert.equal(mistakes.length, 5, stderr)
})
