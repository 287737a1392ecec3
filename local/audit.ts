// Reads every id back from Kafka, MongoDB and Redis, computes every view anew, and compares field by field.
// Written against the schema and the documented keys alone, so that it shares no sum with the hops.
import { createHash } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { createClient, type RedisClientType } from 'redis'
import type { JsonValue } from '@bufbuild/protobuf'
import type { Pipeline } from '../pipelines/pipeline.ts'
import { loadEventType, type EventType } from '../services/lib/event-type.ts'
import { EVENTS_COLLECTION, type EventDocument } from '../services/lib/mongo.ts'
import { bucketOf, joinKey, OTHER, viewsOf, type View } from '../services/lib/views.ts'
import { countRecords, readKafkaLog, readMongoLog, type Logged } from './audit-log.ts'

export type Stores = { kafkaBrokers: string; redisUrl: string; mongoUrl: string }

export type AuditReport = {
  /** Distinct event ids in Kafka; absent where MongoDB is the log. */
  kafka?: number
  /** Documents, and the total that Redis counts. */
  mongodb: number
  redis: number
  deadLetters: number
  /** Records of the log that repeat an id; harmless, they are counted once. */
  repeats: number
  /** Accepted or logged, and missing somewhere. */
  lost: number
  /** Counted or stored more than once, or never logged. */
  doubled: number
  /** In the log, though no client was told so. Known only when the accepted ids are. */
  unacknowledged: number
  /** The first differences, in words. */
  differences: string[]
  balanced: boolean
}

/** How many differences are spelled out; all are counted. */
const MOST_DIFFERENCES = 20

/** `accepted` are the ids that clients were given; without it, what the log has counts as accepted. */
export async function audit(
  pipeline: Pipeline,
  stores: Stores,
  accepted?: ReadonlySet<string>,
): Promise<AuditReport> {
  const eventType = loadEventType(pipeline.event)
  const { topic } = pipeline
  const [log, deadLetters] = await Promise.all([
    topic
      ? readKafkaLog(pipeline, stores.kafkaBrokers, eventType)
      : readMongoLog(pipeline, stores.mongoUrl, eventType),
    topic ? countRecords(`${topic.name}.dlq`, stores.kafkaBrokers) : 0,
  ])
  const differences: string[] = []
  const differ = (text: string) => differences.push(text)
  const missing = [...(accepted ?? [])].filter((id) => !log.events.has(id))
  for (const id of missing) differ(`${id}: accepted, but not in the log`)
  for (const text of log.strange) differ(text)
  const mongodb = await compareDocuments(pipeline, stores.mongoUrl, log.events, differ)
  const redis = await compareViews(pipeline, stores.redisUrl, eventType, [...log.events.values()], differ)
  const logged = log.events.size
  return {
    ...(topic && { kafka: logged }),
    mongodb: mongodb.count,
    redis: redis.total,
    deadLetters,
    repeats: log.repeats,
    lost: missing.length + mongodb.missing + Math.max(0, logged - redis.total),
    doubled: mongodb.extra + Math.max(0, redis.total - logged),
    unacknowledged: accepted ? logged - (accepted.size - missing.length) : 0,
    differences: differences.slice(0, MOST_DIFFERENCES),
    balanced: differences.length === 0,
  }
}

async function compareDocuments(
  pipeline: Pipeline,
  url: string,
  log: Map<string, Logged>,
  differ: (text: string) => void,
) {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 })
  try {
    let count = 0
    let extra = 0
    const found = new Set<string>()
    for await (const stored of client
      .db(pipeline.database)
      .collection<EventDocument>(EVENTS_COLLECTION)
      .find()) {
      count++
      const event = log.get(stored._id)
      if (!event) {
        extra++
        differ(`${stored._id}: in MongoDB, but not in the log`)
        continue
      }
      found.add(stored._id)
      // Not `log`: a repeated record may have been stored from its second place in the log.
      const expected = {
        ...event.document,
        time: new Date(Math.floor(event.timeUs / 1_000)),
        route: event.route,
      }
      for (const [field, value] of Object.entries(expected)) {
        if (JSON.stringify(stored[field]) !== JSON.stringify(value))
          differ(`${stored._id}: ${field} differs in MongoDB`)
      }
    }
    let missing = 0
    for (const id of log.keys()) {
      if (found.has(id)) continue
      missing++
      differ(`${id}: in the log, but not in MongoDB`)
    }
    return { count, extra, missing }
  } finally {
    await client.close()
  }
}

async function compareViews(
  pipeline: Pipeline,
  url: string,
  eventType: EventType,
  log: Logged[],
  differ: (text: string) => void,
) {
  const client: RedisClientType = createClient({ url })
  await client.connect()
  try {
    const keys = viewsOf(eventType.schema, pipeline.name)
    const total = Number((await client.get(keys.total)) ?? 0)
    if (total !== log.length) differ(`${keys.total}: is ${total}, and the log has ${log.length}`)
    for (const view of keys.views) await compareView(client, view, log, differ)
    return { total }
  } finally {
    client.destroy()
  }
}

async function compareView(
  client: RedisClientType,
  view: View,
  log: Logged[],
  differ: (text: string) => void,
): Promise<void> {
  const compare = (stored: Map<string, string>, expected: Map<string, string>) => {
    for (const key of new Set([...stored.keys(), ...expected.keys()])) {
      if (stored.get(key) === expected.get(key)) continue
      differ(
        `${view.key} ${nameOf(view, key)}: is ${wordOf(view, stored.get(key))}, ` +
          `and the log says ${wordOf(view, expected.get(key))}`,
      )
    }
  }
  switch (view.kind) {
    case 'count':
    case 'top':
    case 'distinct': {
      const stored =
        view.kind === 'count'
          ? new Map(Object.entries(await client.hGetAll(view.key)))
          : view.kind === 'top'
            ? new Map(
                (await client.zRangeWithScores(view.key, 0, -1)).map(({ value, score }) => [
                  value,
                  String(score),
                ]),
              )
            : new Map((await client.sMembers(view.key)).map((member) => [member, 'present']))
      const counts = tally(
        log.map(({ document }) => joinKey(view.fields.map(({ name }) => textOf(document[name])))),
      )
      compare(stored, admitted(counts, stored, view, differ))
      return
    }
    case 'histogram': {
      const labels = log.map(({ document }) =>
        bucketOf(Number(document[view.field.name]), view.bounds, view.labels),
      )
      return compare(new Map(Object.entries(await client.hGetAll(view.key))), asText(tally(labels)))
    }
    case 'rate': {
      const seconds = log.map(({ timeUs }) => Math.floor(timeUs / 1_000_000))
      const newest = seconds.reduce((most, second) => Math.max(most, second), 0)
      const kept = seconds.filter((second) => second > newest - view.seconds).map(String)
      return compare(new Map(Object.entries(await client.hGetAll(view.key))), asText(tally(kept)))
    }
    case 'latest': {
      const newest = log
        .toSorted((a, b) => b.timeUs - a.timeUs || (a.id < b.id ? 1 : -1))
        .slice(0, view.size)
        .map(({ id, timeUs, route, document }) => {
          const time = new Date(Math.floor(timeUs / 1_000)).toISOString()
          return JSON.stringify({ id, time, route, ...document })
        })
      const stored = await client.zRange(view.key, 0, -1, { REV: true })
      return compare(
        new Map(stored.map((member, index) => [String(index), member])),
        new Map(newest.map((member, index) => [String(index), member])),
      )
    }
  }
}

/** A view's key as differences may show it: without the values of fields that are marked debug_redact. */
function nameOf(view: View, key: string): string {
  const secret = 'fields' in view && view.fields.some(({ proto }) => proto.options?.debugRedact)
  return secret ? '(redacted)' : key
}

/** What a view holds, as differences may show it: of an event, its id and whether the rest is another. */
function wordOf(view: View, value: string | undefined): string {
  if (value === undefined) return 'absent'
  if (view.kind !== 'latest') return value
  const id = /"id":"([^"]*)"/.exec(value)?.[1] ?? 'no event'
  return `${id} (${createHash('sha1').update(value).digest('hex').slice(0, 8)})`
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function tally(keys: string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

function asText(counts: Map<string, number>): Map<string, string> {
  return new Map([...counts].map(([key, count]) => [key, String(count)]))
}

/** Which keys a full view admitted depends on who came first; the counts of those and of the rest do not. */
function admitted(
  counts: Map<string, number>,
  stored: Map<string, string>,
  view: View & { kind: 'count' | 'top' | 'distinct' },
  differ: (text: string) => void,
): Map<string, string> {
  const value = (count: number) => (view.kind === 'distinct' ? 'present' : String(count))
  if (counts.size <= view.maxKeys) return new Map([...counts].map(([key, count]) => [key, value(count)]))
  const expected = new Map<string, string>()
  let others = counts.get(OTHER) ?? 0
  for (const [key, count] of counts) {
    if (key === OTHER) continue
    if (stored.has(key)) expected.set(key, value(count))
    else others += count
  }
  if (expected.size !== view.maxKeys)
    differ(`${view.key}: holds ${expected.size} keys, and max_keys is ${view.maxKeys}`)
  if (others > 0) expected.set(OTHER, value(others))
  return expected
}
