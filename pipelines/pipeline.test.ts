import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { readArguments } from '../services/hop/arguments.ts'
import { loadEventType } from '../services/lib/event-type.ts'
import { viewsOf } from '../services/lib/views.ts'
import { findPipeline, pipelines } from './all.ts'
import { hopArguments, queryArguments, sendersFirst, type Addresses, type Pipeline } from './pipeline.ts'

const addresses: Addresses = {
  listen: (hop) => `0.0.0.0:${hop.length}`,
  reach: (hop) => `${hop}.svc:${hop.length}`,
  store: (store) => `${store}-1:1,${store}-2:2`,
  admin: (hop) => `127.0.0.1:${9_000 + hop.length}`,
  reachAdmin: (hop) => `${hop}-health:${9_000 + hop.length}`,
}

const votes: Pipeline = {
  name: 'votes',
  event: 'scenarios.WeatherTweet',
  namespace: 'so1',
  topic: { name: 'ballots', partitions: 7 },
  database: 'polls',
  hops: {
    writer: { pod: 'b', from: { ws: 9_001 }, to: [{ store: 'redis' }] },
    archiver: { pod: 'c', from: { group: 'archive' }, to: [{ store: 'mongodb' }, { store: 'redis' }] },
    api: { pod: 'a', from: { http: 8_080 }, to: [{ hop: 'publisher' }], fastPaths: [{ hop: 'writer' }] },
    publisher: { pod: 'a', from: { grpc: 50_051 }, to: [{ store: 'kafka' }], lanes: 3 },
    wasm: { pod: 'd', from: { http: 8_082, encode: 'wasm' }, to: [{ hop: 'server' }, { hop: 'unary' }] },
    server: { pod: 'e', from: { 'hop-http': 8_083 }, to: [{ hop: 'listener' }] },
    unary: { pod: 'e', from: { connect: 8_084 }, to: [{ hop: 'reader' }] },
    listener: { pod: 'f', from: { 'redis-pubsub': 'ballots' }, to: [{ store: 'mongodb' }] },
    reader: { pod: 'f', from: { 'redis-stream': 'tally' }, to: [{ store: 'mongodb' }] },
  },
  query: { port: 8_081 },
  rows: 'nowhere.json',
}

const expected: Record<string, string> = {
  api: '--name api --from http://0.0.0.0:3 --to grpc://publisher.svc:9 --then ws://writer.svc:6 --admin http://127.0.0.1:9003',
  publisher:
    '--name publisher --from grpc://0.0.0.0:9 --to kafka://kafka-1:1,kafka-2:2/ballots --lanes 3 --admin http://127.0.0.1:9009',
  writer:
    '--name writer --from ws://0.0.0.0:6 --to redis://redis-1:1,redis-2:2 --admin http://127.0.0.1:9006',
  archiver:
    '--name archiver --from kafka://kafka-1:1,kafka-2:2/ballots?group=archive --to mongodb://mongodb-1:1,mongodb-2:2/polls --to redis://redis-1:1,redis-2:2 --admin http://127.0.0.1:9008',
  wasm: '--name wasm --from http://0.0.0.0:4?encode=wasm --to hop-http://server.svc:6 --to connect://unary.svc:5 --admin http://127.0.0.1:9004',
  server:
    '--name server --from hop-http://0.0.0.0:6 --to redis-pubsub://redis-1:1,redis-2:2/ballots --admin http://127.0.0.1:9006',
  unary:
    '--name unary --from connect://0.0.0.0:5 --to redis-stream://redis-1:1,redis-2:2 --admin http://127.0.0.1:9005',
  listener:
    '--name listener --from redis-pubsub://redis-1:1,redis-2:2/ballots --to mongodb://mongodb-1:1,mongodb-2:2/polls --admin http://127.0.0.1:9008',
  reader:
    '--name reader --from redis-stream://redis-1:1,redis-2:2?group=tally --to mongodb://mongodb-1:1,mongodb-2:2/polls --admin http://127.0.0.1:9006',
}
for (const [name, line] of Object.entries(expected)) {
  test(`the command line of a hop says what it reads, what must have it, and what gets it afterwards: ${name}`, () => {
    const event = '--event scenarios.WeatherTweet --pipeline votes --partitions 7'
    assert.equal(hopArguments(votes, name, addresses).join(' '), `${event} ${line}`)
  })
}

test('the command line of the query service names the stores, every consumer group, the graph and the intakes', () => {
  assert.equal(
    queryArguments(votes, '0.0.0.0:8081', addresses).join(' '),
    '--event scenarios.WeatherTweet --pipeline votes --listen http://0.0.0.0:8081 --live redis://redis-1:1,redis-2:2 ' +
      '--log mongodb://mongodb-1:1,mongodb-2:2/polls --kafka kafka://kafka-1:1,kafka-2:2/ballots --groups archive ' +
      '--hop http://writer-health:9006?name=writer&from=ws&to=redis ' +
      '--hop http://archiver-health:9008?name=archiver&from=kafka&group=archive&to=mongodb,redis ' +
      '--hop http://api-health:9003?name=api&from=http&to=publisher&fast=writer --intake http://api.svc:3?hop=api ' +
      '--hop http://publisher-health:9009?name=publisher&from=grpc&to=kafka ' +
      '--hop http://wasm-health:9004?name=wasm&from=http&to=server,unary --intake http://wasm.svc:4?hop=wasm ' +
      '--hop http://server-health:9006?name=server&from=hop-http&to=listener ' +
      '--hop http://unary-health:9005?name=unary&from=connect&to=reader ' +
      '--hop http://listener-health:9008?name=listener&from=redis-pubsub&to=mongodb ' +
      '--hop http://reader-health:9006?name=reader&from=redis-stream&to=mongodb',
  )
})

const cases: Pipeline = {
  name: 'cases',
  event: 'scenarios.CovidCase',
  namespace: 'covid',
  partitions: 5,
  database: 'clinic',
  hops: {
    api: { pod: 'a', from: { http: 8_080 }, to: [{ store: 'mongodb' }], fastPaths: [{ store: 'redis' }] },
    repair: { pod: 'b', from: { log: 'mongodb' }, to: [{ store: 'redis' }] },
  },
  query: { port: 8_081 },
  rows: 'nowhere.json',
}

test('where MongoDB is the log a hop reads it by its URL, and no command line names Kafka', () => {
  const common = '--event scenarios.CovidCase --pipeline cases'
  const mongo = 'mongodb://mongodb-1:1,mongodb-2:2/clinic'
  const redis = 'redis://redis-1:1,redis-2:2'
  assert.equal(
    hopArguments(cases, 'repair', addresses).join(' '),
    `${common} --partitions 5 --name repair --from ${mongo} --to ${redis} --admin http://127.0.0.1:9006`,
  )
  assert.equal(
    queryArguments(cases, '0.0.0.0:8081', addresses).join(' '),
    `${common} --listen http://0.0.0.0:8081 --live ${redis} --log ${mongo} ` +
      '--hop http://api-health:9003?name=api&from=http&to=mongodb&fast=redis --intake http://api.svc:3?hop=api ' +
      '--hop http://repair-health:9006?name=repair&from=mongodb&to=redis',
  )
  const broken = { ...cases, hops: { api: { ...cases.hops['api']!, to: [{ store: 'kafka' as const }] } } }
  assert.throws(() => hopArguments(broken, 'api', addresses), /cases has no topic/)
})

test('hops are stopped senders first, however the graph is written down', () => {
  const order = sendersFirst(votes)
  assert.deepEqual(order.toSorted(), Object.keys(votes.hops).toSorted())
  for (const receiver of ['publisher', 'writer'])
    assert.ok(order.indexOf('api') < order.indexOf(receiver), order.join())
})

test('what no hop can be, or nothing can send to, is an error with its name', () => {
  assert.throws(() => hopArguments(votes, 'nobody', addresses), /votes has no hop nobody/)
  for (const hop of ['nobody', 'archiver', 'api']) {
    const broken = { ...votes, hops: { ...votes.hops, api: { ...votes.hops['api']!, to: [{ hop }] } } }
    assert.throws(
      () => hopArguments(broken, 'api', addresses),
      new RegExp(`votes: nothing can send to "${hop}"`),
    )
  }
})

test('every file that exports a pipeline is one of the pipelines, under the name of the file', () => {
  const files = readdirSync(new URL('.', import.meta.url))
  for (const { name } of pipelines) assert.ok(files.includes(`${name}.ts`), name)
  assert.equal(new Set(pipelines.map(({ name }) => name)).size, pipelines.length)
})

test('a pipeline is found by its name, and an unknown name lists those there are', () => {
  for (const pipeline of pipelines) assert.equal(findPipeline(pipeline.name), pipeline)
  assert.throws(() => findPipeline('nobody'), /no pipeline "nobody" \(known: .*weather/)
})

const single: Addresses = { ...addresses, store: (store) => `${store}:1` }
for (const pipeline of pipelines) {
  test(`every hop of ${pipeline.name} would start with the command line that its graph gives it`, () => {
    for (const name of Object.keys(pipeline.hops)) readArguments(hopArguments(pipeline, name, single))
    assert.ok(viewsOf(loadEventType(pipeline.event).schema, pipeline.name).views.length > 0)
  })

  test(`${pipeline.name} names only hops that it has, each port once, and data that is there`, () => {
    const sends = Object.values(pipeline.hops).flatMap(({ to, fastPaths = [] }) => [...to, ...fastPaths])
    for (const target of sends) if ('hop' in target) assert.ok(pipeline.hops[target.hop], target.hop)
    const ports = Object.values(pipeline.hops).flatMap(({ from }) =>
      Object.values(from).filter((value) => !('group' in from) && typeof value === 'number'),
    )
    assert.equal(new Set([...ports, pipeline.query.port]).size, ports.length + 1)
    const groups = Object.values(pipeline.hops).flatMap(({ from }) => ('group' in from ? [from.group] : []))
    assert.equal(new Set(groups).size, groups.length)
    // Receipts wait for the first group, so it must be the one that stores in MongoDB.
    const archivers = Object.values(pipeline.hops).flatMap(({ from, to }) =>
      'group' in from && to.some((target) => 'store' in target && target.store === 'mongodb')
        ? [from.group]
        : [],
    )
    if (pipeline.topic)
      assert.ok(archivers.includes(groups[0] ?? ''), `${groups[0]} is not among ${archivers.join()}`)
    else assert.deepEqual(groups, [], 'there is no Kafka to have groups')
    assert.ok(existsSync(new URL(`../${pipeline.rows}`, import.meta.url)), pipeline.rows)
  })
}
