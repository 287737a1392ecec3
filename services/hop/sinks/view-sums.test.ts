import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  create,
  createFileRegistry,
  fromBinary,
  setExtension,
  toBinary,
  type Message,
} from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  MessageOptionsSchema,
} from '@bufbuild/protobuf/wkt'
import { RunSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { live, LiveSchema } from '../../../proto/gen/freshet/v1/options_pb.ts'
import { createEventType } from '../../lib/event-type.ts'
import { eventId, viewsOf, type View } from '../../lib/views.ts'
import { joinEvents, splitEvents } from '../../lib/wire.ts'
import { compileSums, timeOf, type Part, type Sums } from './view-sums.ts'

let state = 31_337
/** Park and Miller's generator: the same numbers on every run. */
const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
const below = (most: number) => Math.floor(random() * most)
const pick = <T>(list: readonly T[]): T => list[below(list.length)]!

const single = ['country', 'sky', 'wet', 'age', 'count', 'price'].map((name) => [name])
const options = create(MessageOptionsSchema)
const asked = create(LiveSchema, {
  countBy: [
    ...single.map((fields) => ({ fields, maxKeys: 9 })),
    { fields: ['country', 'city', 'sky'], maxKeys: 99 },
  ],
  top: [{ fields: ['city'], maxKeys: 7 }],
  distinct: [{ fields: ['city', 'country'], maxKeys: 5 }],
  histogram: [
    { field: 'age', bounds: [-10, 0, 18, 30] },
    { field: 'price', bounds: [0.5, 1e6] },
  ],
  latest: 6,
  rateSeconds: 60,
})
setExtension(options, live, asked)
const { STRING, ENUM, BOOL, INT32, INT64, DOUBLE } = Type
const types = [STRING, STRING, ENUM, BOOL, INT32, INT64, DOUBLE, STRING]
const field = 'country city sky wet age count price note'.split(' ').map((name, index) => {
  const named = { name, jsonName: name, number: index + 1, type: types[index]!, label: Label.OPTIONAL }
  return named.type === ENUM ? { ...named, typeName: '.test.Sky' } : named
})
const file = create(FileDescriptorProtoSchema, {
  name: 'everything.proto',
  package: 'test',
  syntax: 'proto3',
  enumType: [{ name: 'Sky', value: ['NONE', 'CLEAR', 'STORM'].map((name, number) => ({ name, number })) }],
  messageType: [{ name: 'Everything', field, options }],
})
const eventType = createEventType(createFileRegistry(file, () => undefined).getMessage('test.Everything')!)
const { schema } = eventType
const keys = viewsOf(schema, 'test')

const names = ['Perú', 'México', 'a|b', 'a\\', '|', '\\|', '', 'b|', '😀', 'x'.repeat(300)]
const values: Record<string, () => unknown> = {
  country: () => pick(names),
  city: () => pick(names),
  sky: () => pick([0, 1, 2, 7]),
  wet: () => random() < 0.5,
  age: () => pick([0, 17, 18, 30, -1, -10, -11, 2 ** 31 - 1, -(2 ** 31)]),
  count: () => pick([0n, 1n, -3n, 2n ** 53n]),
  price: () => pick([0, 0.5, -1.25, 1e6, 1e300]),
  note: () => 'n'.repeat(below(20)),
}

function randomEvent(): Uint8Array {
  const given = Object.entries(values).filter(() => random() < 0.8)
  const init = Object.fromEntries(given.map(([name, value]) => [name, value()]))
  const bytes = toBinary(schema, create(schema, init as never))
  // A field of a newer schema, and now and then bytes that are no message.
  const unknown = random() < 0.2 ? [0x9a, 0x06, 0x02, 0x41, 0x42] : []
  return Uint8Array.from([...bytes, ...unknown, ...(random() < 0.03 ? [0x0a, 0x7f] : [])])
}

function randomPart(): Part {
  const events = Array.from({ length: 1 + below(40) }, randomEvent)
  const steps = events.map(() => pick([0, 1, 999, 400_000, 1_000_000, 2_500_000]))
  let delta = 0
  const run = create(RunSchema, {
    origin: `o-${below(4)}`,
    partition: below(12),
    firstSeq: BigInt(1 + below(120)),
    route: 'api',
    count: events.length,
    firstTimeUs: 1_764_000_000_000_000n + BigInt(pick([0, 1, 999_999, below(9e6)])),
    timeDeltasUs: steps.map((step, index) => (delta += index === 0 ? 0 : step)),
    events: joinEvents(events),
  })
  return { run, skip: random() < 0.7 ? 0 : below(run.count) }
}

type Naive = { id: string; timeUs: number; bytes: Uint8Array; message: Record<string, unknown> }

/** The valid events of the parts, decoded whole. */
function decode(parts: Part[]): { valid: Naive[]; invalid: number } {
  let invalid = 0
  const valid = parts.flatMap(({ run, skip }) =>
    splitEvents(run.events, run.count).flatMap((bytes, index): Naive[] => {
      if (index < skip) return []
      const id = eventId(run.origin, run.partition, Number(run.firstSeq) + index)
      try {
        const message = fromBinary(schema, bytes) as Message & Record<string, unknown>
        return [{ id, timeUs: Number(run.firstTimeUs) + run.timeDeltasUs[index]!, bytes, message }]
      } catch {
        invalid++
        return []
      }
    }),
  )
  return { valid, invalid }
}

const skies: Record<number, string> = { 0: 'NONE', 1: 'CLEAR', 2: 'STORM' }
function textOf(message: Record<string, unknown>, name: string): string {
  const value = message[name]
  return name === 'sky'
    ? (skies[value as number] ?? String(value))
    : String(typeof value === 'bigint' ? Number(value) : value)
}

function bucket(value: number, bounds: number[]): string {
  const low = bounds.filter((bound) => value >= bound).at(-1)
  const high = bounds.find((bound) => value < bound)
  return low === undefined ? `<${high}` : high === undefined ? `>=${low}` : `[${low},${high})`
}

/** A view's pairs, counted one event at a time. */
function recount(view: View, events: Naive[]): Record<string, string> {
  if (view.kind === 'latest') {
    const newest = events
      .toSorted((a, b) => b.timeUs - a.timeUs || (a.id < b.id ? 1 : -1))
      .slice(0, view.size)
    const member = ({ id, timeUs, bytes }: Naive) =>
      JSON.stringify({ id, time: timeOf(timeUs), route: 'api', ...eventType.toDocument(bytes) })
    return Object.fromEntries(newest.map((event) => [member(event), String(event.timeUs)]))
  }
  const counts = new Map<string, number>()
  for (const { message, timeUs } of events) {
    const escaped = (name: string) => textOf(message, name).replaceAll('\\', '\\\\').replaceAll('|', '\\|')
    const key =
      view.kind === 'rate'
        ? String(Math.floor(timeUs / 1e6))
        : view.kind === 'histogram'
          ? bucket(Number(message[view.field.name]), view.bounds)
          : view.fields.length === 1
            ? textOf(message, view.fields[0]!.name)
            : view.fields.map((each) => escaped(each.name)).join('|')
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return Object.fromEntries([...counts].map(([key, n]) => [key, String(n)]))
}

/** The script's arguments, apart again: for each view its kind, parameter and pairs. */
function readArgs({ args }: Sums): { kind: string; parameter: number; pairs: Record<string, string> }[] {
  const list = []
  for (let at = 0; at < args.length;) {
    const [kind, parameter, count] = args.slice(at, at + 3)
    const flat = args.slice(at + 3, (at += 3 + 2 * Number(count)))
    const pairs = flat.flatMap((text, index): [string, string][] =>
      index % 2 ? [] : [[text, flat[index + 1]!]],
    )
    // `latest` is score and member, the others key and count.
    const entries = kind === 'latest' ? pairs.map(([score, member]) => [member, score]) : pairs
    assert.equal(new Set(entries.map(([key]) => key)).size, pairs.length, 'a key is there twice')
    list.push({
      kind: kind!,
      parameter: Number(parameter),
      pairs: Object.fromEntries(entries) as Record<string, string>,
    })
  }
  return list
}

test('the sums of 100 random batches are those of counting event by event, for every kind of view', () => {
  const sum = compileSums(eventType, keys.views)
  for (let n = 0; n < 100; n++) {
    const parts = Array.from({ length: 1 + below(4) }, randomPart)
    const { valid, invalid } = decode(parts)
    const sums = sum(parts)
    assert.deepEqual([sums.total, sums.invalid], [valid.length, invalid])
    const read = readArgs(sums)
    assert.equal(read.length, keys.views.length)
    for (const [index, view] of keys.views.entries()) {
      assert.equal(read[index]!.kind, view.kind)
      assert.deepEqual(read[index]!.pairs, recount(view, valid), view.key)
    }
  }
})

test('each view is handed its bound: max_keys, the size, the seconds', () => {
  const parameters = readArgs(compileSums(eventType, keys.views)([randomPart()])).map(
    ({ parameter }) => parameter,
  )
  assert.deepEqual(parameters, [9, 9, 9, 9, 9, 9, 99, 7, 5, 0, 0, 6, 60])
})

test('a batch that ends in the middle of an event is an error, and does not count with the next one', () => {
  const sum = compileSums(eventType, keys.views)
  const [whole, broken] = [randomPart(), randomPart()]
  const expected = sum([whole])
  const events = broken.run.events.slice(0, -1)
  assert.throws(
    () => sum([whole, { ...broken, run: { ...broken.run, events } }]),
    /end inside or after event/,
  )
  assert.deepEqual(sum([whole]), expected)
})

test('the rate is split at the boundary of a second', () => {
  const event = toBinary(schema, create(schema))
  const run = create(RunSchema, {
    origin: 'o',
    firstSeq: 1n,
    count: 5,
    firstTimeUs: 1_999_999n,
    timeDeltasUs: [0, 0, 1, 1_000_000, 1_000_001],
    events: joinEvents([event, event, event, event, event]),
  })
  const rate = readArgs(compileSums(eventType, keys.views)([{ run, skip: 1 }])).at(-1)!
  assert.deepEqual(rate.pairs, { 1: '1', 2: '2', 3: '1' })
})
