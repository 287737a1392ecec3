// What the tests of the live views share: an event message with every kind of view, batches of it, and a naive
// recount of what the views must hold.
import {
  create,
  createFileRegistry,
  fromJson,
  setExtension,
  toBinary,
  type JsonObject,
} from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  MessageOptionsSchema,
} from '@bufbuild/protobuf/wkt'
import type { TestContext } from 'node:test'
import { createClient } from 'redis'
import { live, LiveSchema } from '../../../proto/gen/freshet/v1/options_pb.ts'
import { BatchSchema, LogRangeSchema, RunSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { defer } from '../../../test/defer.ts'
import { until } from '../../../test/until.ts'
import { createEventType } from '../../lib/event-type.ts'
import type { Log } from '../../lib/log.ts'
import type { View, ViewKeys } from '../../lib/views.ts'
import { joinEvents } from '../../lib/wire.ts'
import type { Batch, Run, Sink } from '../batch.ts'
import type { HopMetrics } from '../metrics.ts'
import { createRedisSink } from './redis.ts'

export const MAX_KEYS = 300
export const LATEST = 5
export const RATE_SECONDS = 60

export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }

const field = (name: string, number: number, type: Type) => ({ name, number, type, label: Label.OPTIONAL })
const options = create(MessageOptionsSchema)
const views = create(LiveSchema, {
  countBy: [
    { fields: ['country'], maxKeys: MAX_KEYS },
    { fields: ['country', 'city'], maxKeys: 100_000 },
  ],
  top: [{ fields: ['country'], maxKeys: MAX_KEYS }],
  distinct: [{ fields: ['country'], maxKeys: MAX_KEYS }],
  histogram: [{ field: 'age', bounds: [18, 30, 80] }],
  latest: LATEST,
  rateSeconds: RATE_SECONDS,
})
setExtension(options, live, views)
const file = create(FileDescriptorProtoSchema, {
  name: 'test-views.proto',
  package: 'test',
  syntax: 'proto3',
  messageType: [
    {
      name: 'Vote',
      field: [field('country', 1, Type.STRING), field('city', 2, Type.STRING), field('age', 3, Type.INT32)],
      options,
    },
  ],
})

/** A message with every kind of view; views of `country` are bounded by MAX_KEYS. */
export const voteType = createEventType(createFileRegistry(file, () => undefined).getMessage('test.Vote')!)

/** When the first of `votes` was taken in. */
export const START_US = 1_790_000_000_000_000

/** One event as the views should see it. */
export type Event = { id: string; timeUs: number; route: string; document: JsonObject }

export type RunInit = {
  origin: string
  firstSeq: number
  timesUs: number[]
  documents: JsonObject[]
  partition?: number
  foreign?: boolean
}

/** `count` votes of one origin, a second apart. */
export function votes(origin: string, firstSeq: number, count: number, rest: Partial<RunInit> = {}): RunInit {
  const numbers = Array.from({ length: count }, (_, n) => firstSeq + n)
  return {
    origin,
    firstSeq,
    timesUs: numbers.map((n) => START_US + n * 1_000_000 + origin.length),
    documents: numbers.map((n) => ({
      country: ['Chile', 'Perú', '日本'][n % 3]!,
      city: `c${n % 2}`,
      age: n % 100,
    })),
    ...rest,
  }
}

/** A run of votes, one a document. */
export function runOf({
  origin,
  firstSeq,
  timesUs,
  documents,
  partition = 0,
  foreign = false,
}: RunInit): Run {
  const { schema } = voteType
  return create(RunSchema, {
    origin,
    partition,
    firstSeq: BigInt(firstSeq),
    count: documents.length,
    firstTimeUs: BigInt(timesUs[0]!),
    timeDeltasUs: timesUs.map((timeUs) => timeUs - timesUs[0]!),
    events: joinEvents(documents.map((document) => toBinary(schema, fromJson(schema, document)))),
    route: 'intake',
    foreign,
  })
}

export function eventsOf({ origin, firstSeq, timesUs, documents, partition = 0 }: RunInit): Event[] {
  return documents.map((document, index) => ({
    id: `${origin}-${partition}-${firstSeq + index}`,
    timeUs: timesUs[index]!,
    route: 'intake',
    document,
  }))
}

/** A batch that comes without a log, as on the fast path. */
export function batchOf(...runs: Run[]): Batch {
  return create(BatchSchema, { runs })
}

/** A batch that is a part of the log: its runs stand one after the other from `firstOffset` on. */
export function logBatchOf(
  firstOffset: number,
  runs: Run[],
  {
    stepOverGaps = false,
    nextOffset,
    startOffset = 0,
    topic = 'messages',
  }: { stepOverGaps?: boolean; nextOffset?: number; startOffset?: number; topic?: string } = {},
): Batch {
  let at = 0
  const placed = runs.map((run) => {
    const from = at
    at += run.count
    return create(RunSchema, { ...run, offsetDeltas: Array.from({ length: run.count }, (_, n) => from + n) })
  })
  const log = create(LogRangeSchema, {
    topic,
    partition: 0,
    firstOffset: BigInt(firstOffset),
    nextOffset: BigInt(nextOffset ?? firstOffset + at),
    startOffset: BigInt(startOffset),
  })
  return create(BatchSchema, { runs: placed, log, stepOverGaps })
}

/** The real sink, connected; closed with the test. */
export async function openRedisSink(
  t: TestContext,
  url: string,
  pipeline: string,
  metrics: HopMetrics,
  log = quiet,
): Promise<Sink> {
  const endpoint = {
    url,
    scheme: 'redis',
    hosts: [new URL(url).host],
    path: '',
    parameters: new Map<string, string>(),
  }
  const sink = await createRedisSink(endpoint, voteType, pipeline, log, metrics)
  defer(t, () => sink.close())
  await until('the sink is connected', () => sink.notReady() === undefined)
  return sink
}

export type Redis = Awaited<ReturnType<typeof connectRedis>>

export async function connectRedis(url: string) {
  const client = createClient({ url })
  client.on('error', (cause) => process.stderr.write(`${String(cause)}\n`))
  return client.connect()
}

/** What one view holds: counts by key, a sorted set, or `latest` newest first. */
type Held = Record<string, number> | string[]

/** What Redis holds, and below what it should hold, in the same form. */
export async function readViews(redis: Redis, keys: ViewKeys): Promise<Record<string, number | Held>> {
  const held = keys.views.map(async ({ kind, key }): Promise<[string, Held]> => {
    switch (kind) {
      case 'count':
      case 'histogram':
      case 'rate':
        return [key, numbers(Object.entries(await redis.hGetAll(key)))]
      case 'top':
        return [key, numbers((await redis.zRangeWithScores(key, 0, -1)).map((it) => [it.value, it.score]))]
      case 'distinct':
        return [key, (await redis.sMembers(key)).toSorted()]
      case 'latest': {
        const members = await redis.zRangeWithScores(key, 0, -1, { REV: true })
        return [key, members.map(({ value, score }) => `${score} ${value}`)]
      }
    }
  })
  const [total, ...entries] = await Promise.all([redis.get(keys.total), ...held])
  return { [keys.total]: Number(total ?? 0), ...Object.fromEntries(entries) }
}

function numbers(pairs: [string, string | number][]): Record<string, number> {
  return Object.fromEntries(pairs.map(([key, value]) => [key, Number(value)]))
}

/** The views of these events, counted one by one. Knows nothing of max_keys. */
export function recount(keys: ViewKeys, events: Event[]): Record<string, number | Held> {
  return {
    [keys.total]: events.length,
    ...Object.fromEntries(keys.views.map((view) => [view.key, recountView(view, events)])),
  }
}

function recountView(view: View, events: Event[]): Held {
  switch (view.kind) {
    case 'count':
    case 'top':
      return tally(events.map((event) => textOf(event, view.fields)))
    case 'distinct':
      return Object.keys(tally(events.map((event) => textOf(event, view.fields)))).toSorted()
    case 'histogram': {
      const ranges = view.labels.map((label, n) => ({ label, below: view.bounds[n] ?? Infinity }))
      return tally(
        events.map(
          ({ document }) => ranges.find(({ below }) => Number(document[view.field.name]) < below)!.label,
        ),
      )
    }
    case 'rate': {
      const seconds = events.map(({ timeUs }) => Math.floor(timeUs / 1_000_000))
      const newest = seconds.reduce((most, second) => Math.max(most, second), 0)
      return tally(seconds.filter((second) => second > newest - view.seconds).map(String))
    }
    case 'latest':
      return events
        .toSorted((a, b) => b.timeUs - a.timeUs || (a.id < b.id ? 1 : -1))
        .slice(0, view.size)
        .map(({ id, timeUs, route, document }) => {
          const time = new Date(Math.floor(timeUs / 1_000)).toISOString()
          return `${timeUs} ${JSON.stringify({ id, time, route, ...document })}`
        })
  }
}

function textOf({ document }: Event, fields: { name: string }[]): string {
  return fields.map(({ name }) => String(document[name] as string | number)).join('|')
}

function tally(keys: string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}

/** Deterministic random numbers below `below`, xorshift32. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
