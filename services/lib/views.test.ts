import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  create,
  createFileRegistry,
  setExtension,
  type DescMessage,
  type MessageInitShape,
} from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  MessageOptionsSchema,
} from '@bufbuild/protobuf/wkt'
import { live, LiveSchema } from '../../proto/gen/freshet/v1/options_pb.ts'
import { loadEventType } from './event-type.ts'
import { bucketOf, eventId, joinKey, parseEventId, viewsOf } from './views.ts'
import { ConfigError } from './errors.ts'

/** A message with two strings and a number, and these views. */
function messageWith(views: MessageInitShape<typeof LiveSchema>): DescMessage {
  const options = create(MessageOptionsSchema)
  setExtension(options, live, create(LiveSchema, views))
  const field = (name: string, number: number, type: Type) => ({ name, number, type, label: Label.OPTIONAL })
  const file = create(FileDescriptorProtoSchema, {
    name: 'votes.proto',
    package: 'test',
    syntax: 'proto3',
    messageType: [
      {
        name: 'Vote',
        field: [field('band', 1, Type.STRING), field('city', 2, Type.STRING), field('age', 3, Type.INT32)],
        options,
      },
    ],
  })
  return createFileRegistry(file, () => undefined).getMessage('test.Vote')!
}

function mistakesOf(views: MessageInitShape<typeof LiveSchema>): string[] {
  try {
    viewsOf(messageWith(views), 'votes')
    return []
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.mistakes
    throw cause
  }
}

test('the keys of a pipeline are public, and all share its hash tag', () => {
  const keys = viewsOf(
    messageWith({
      countBy: [
        { fields: ['band'], maxKeys: 9 },
        { fields: ['band', 'city'], maxKeys: 99 },
      ],
      top: [{ fields: ['band'], maxKeys: 9 }],
      distinct: [{ fields: ['city'], maxKeys: 9 }],
      histogram: [{ field: 'age', bounds: [18, 30, 80] }],
      latest: 5,
      rateSeconds: 60,
    }),
    'votes',
  )
  assert.deepEqual(
    [keys.fences, keys.positions, keys.origins, keys.total],
    ['{votes}:fences', '{votes}:positions', '{votes}:origins', '{votes}:total'],
  )
  assert.deepEqual(
    keys.views.map(({ key }) => key),
    [
      '{votes}:count:band',
      '{votes}:count:band+city',
      '{votes}:top:band',
      '{votes}:distinct:city',
      '{votes}:histogram:age',
      '{votes}:latest',
      '{votes}:rate',
    ],
  )
})

test('a message without live views still has its fences and its total', () => {
  assert.deepEqual(viewsOf(messageWith({}), 'votes').views, [])
})

test('the weather is counted by country, with its latest tweets and its rate', () => {
  const { views } = viewsOf(loadEventType('scenarios.WeatherTweet').schema, 'weather')
  assert.deepEqual(
    views.map(({ key }) => key),
    ['{weather}:count:country', '{weather}:latest', '{weather}:rate'],
  )
})

test('every mistake of the live views is listed at once', () => {
  assert.deepEqual(
    mistakesOf({
      countBy: [{ fields: ['nobody'], maxKeys: 1 }, { fields: ['band', 'city'] }, { maxKeys: 3 }],
      top: [{ fields: ['band', 'none'], maxKeys: 1 }],
      histogram: [
        { field: 'age', bounds: [] },
        { field: 'age', bounds: [3, 3] },
        { field: 'weight', bounds: [1] },
      ],
    }),
    [
      'test.Vote: live.count names "nobody", which is no field',
      'test.Vote: live.count of band+city needs max_keys',
      'test.Vote: live.count names no field',
      'test.Vote: live.top names "none", which is no field',
      'test.Vote: live.histogram of age needs ascending bounds',
      'test.Vote: live.histogram of age needs ascending bounds',
      'test.Vote: live.histogram names "weight", which is no field',
    ],
  )
})

test('a bucket holds its lower bound and not its upper one', () => {
  const view = viewsOf(messageWith({ histogram: [{ field: 'age', bounds: [18, 30, 80] }] }), 'votes')
    .views[0]!
  assert.equal(view.kind, 'histogram')
  if (view.kind !== 'histogram') return
  assert.deepEqual(view.labels, ['<18', '[18,30)', '[30,80)', '>=80'])
  assert.deepEqual(
    [-5, 17.9, 18, 29, 30, 79, 80, 1e9].map((value) => bucketOf(value, view.bounds, view.labels)),
    ['<18', '<18', '[18,30)', '[18,30)', '[30,80)', '[30,80)', '>=80', '>=80'],
  )
})

test('one value is its own key, and different combinations of values never share a key', () => {
  assert.equal(joinKey(['a|b\\c']), 'a|b\\c')
  assert.equal(joinKey(['Pulp', 'Lima']), 'Pulp|Lima')
  const alphabet = ['', '|', '\\', 'a']
  const words = alphabet.flatMap((a) => alphabet.flatMap((b) => alphabet.map((c) => a + b + c)))
  const unique = [...new Set(words)]
  const seen = new Map<string, string>()
  for (const one of unique) {
    for (const other of unique) {
      const key = joinKey([one, other])
      const pair = JSON.stringify([one, other])
      assert.equal(seen.get(key), undefined, `${pair} and ${seen.get(key)} are both ${key}`)
      seen.set(key, pair)
    }
  }
})

const ids: [string, number, bigint][] = [
  ['Zk3vQ9aa', 0, 1n],
  ['covid-in-peru', 3, 0n],
  ['a-1-2', 3, 4n],
  ['under_score.dot', 9_999, 9_223_372_036_854_775_807n],
]
for (const [origin, partition, seq] of ids) {
  test(`an event id reads back as it was put together: ${eventId(origin, partition, seq)}`, () => {
    assert.deepEqual(parseEventId(eventId(origin, partition, seq)), { origin, partition, seq })
  })
}

test('what is no event id is undefined', () => {
  for (const text of [
    '',
    'a',
    'a-1',
    '-1-1',
    'a-x-1',
    'a-1-x',
    'a-1--1',
    'a-1-1 ',
    'ä-1-1',
    'a-1-1\n',
    '../a-1-1',
  ]) {
    assert.equal(parseEventId(text), undefined, text)
  }
})
