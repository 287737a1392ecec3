// The receipt of an event: where it is now.
import type { KafkaMessage } from 'kafkajs'
import { IDENTITY_HEADER, parseIdentity } from '../lib/kafka.ts'
import type { EventDocument } from '../lib/mongo.ts'
import { eventId, parseEventId, type ViewKeys } from '../lib/views.ts'
import { json, type Reply } from './answer.ts'
import { eventOf } from './logs.ts'
import type { LogReader } from './kafka-log.ts'
import type { EventReader } from './mongo.ts'
import type { ReadRedis } from './redis.ts'
import { StoreError } from './stores.ts'

/** How long the log is searched for one event. */
export const SEARCH_DEADLINE_MS = 2_000
/** Searches at once. Each may read megabytes, so invented ids must not start any number of them. */
const MAX_SEARCHES = 4

type Place = { topic: string; partition: number; offset: number }
type Failure = { error: string }
type Id = { text: string; origin: string; partition: number; seq: bigint }

export type ReceiptSources = {
  getDocument: EventReader['get']
  readRedis: ReadRedis
  /** Undefined where MongoDB is the log. */
  log: Pick<LogReader, 'topic' | 'bounds' | 'committed' | 'find'> | undefined
  /** The consumer group that brings the log to MongoDB. */
  archiver: string
  keys: Pick<ViewKeys, 'fences' | 'positions'>
  /** Called with each search of the log. */
  onSearch?: () => void
}

/** Returns the answer to `GET /events/<id>`. */
export function createReceipts(sources: ReceiptSources): (id: string) => Promise<Reply> {
  const { getDocument, readRedis, log, keys } = sources
  const search = log && createSearch({ ...sources, log })
  return async (text) => {
    const parsed = parseEventId(text)
    // Numbers begin with 1; only those of foreign records are offsets.
    if (!parsed || (parsed.seq === 0n && parsed.origin !== log?.topic)) {
      return json(400, { error: 'an event id is <origin>-<partition>-<number>, as the 202 had it' })
    }
    const id = { text, ...parsed }
    const [found, marks] = await Promise.all([
      orFailure(getDocument(text)),
      orFailure(readMarks(id, readRedis, log?.topic ?? '', keys)),
    ])
    const known = { document: found, place: placeOf(found) ?? null }
    const { document, place } = known.place || !search ? known : await search(id, found)

    const redis = isFailure(marks)
      ? marks
      : { counted: isCounted(id, marks, isFailure(place) ? null : place) }
    const receipt = {
      id: text,
      ...(log && { kafka: place }),
      mongodb: isFailure(document) || !document ? document : eventOf(document),
      redis,
    }
    const parts = [place, document, redis]
    const somewhere =
      (place && !isFailure(place)) ||
      (document && !isFailure(document)) ||
      ('counted' in redis && redis.counted)
    if (somewhere) return json(200, receipt)
    if (parts.some((part) => part !== null && isFailure(part))) return json(503, receipt)
    return json(404, { error: 'no store has an event with this id', ...receipt })
  }
}

type Found = EventDocument | null | Failure

/** Returns a function that finds an event's place when the first look into MongoDB did not. */
function createSearch({
  log,
  archiver,
  getDocument,
  onSearch,
}: ReceiptSources & { log: NonNullable<ReceiptSources['log']> }) {
  let searches = 0
  return async (id: Id, first: Found): Promise<{ document: Found; place: Place | null | Failure }> => {
    if (searches >= MAX_SEARCHES)
      return { document: first, place: { error: 'the log is being searched for others; try again' } }
    searches++
    onSearch?.()
    try {
      const [bounds, committed] = await Promise.all([log.bounds(), log.committed(archiver)])
      // MongoDB has everything below the committed offset, so it is asked again after that was read: what is
      // neither there nor above does not exist.
      const document = isFailure(first) ? first : await orFailure(getDocument(id.text))
      const known = placeOf(document)
      if (known) return { document, place: known }
      const range = bounds.get(id.partition)
      if (!range) return { document, place: null }
      const from = later(range.low, startOf(id, log.topic) ?? committed.get(id.partition) ?? range.low)
      const isIt = (record: KafkaMessage) => idOf(record, log.topic, id.partition) === id.text
      const offset = await log.find(
        id.partition,
        from,
        range.high,
        isIt,
        AbortSignal.timeout(SEARCH_DEADLINE_MS),
      )
      if (offset === 'late')
        return { document, place: { error: 'not found in time; the archiver is far behind' } }
      if (offset !== undefined)
        return { document, place: { topic: log.topic, partition: id.partition, offset: Number(offset) } }
      const unsure = isFailure(document) && from > range.low
      return { document, place: unsure ? { error: 'where it is, MongoDB knows, and that is away' } : null }
    } catch (cause) {
      return { document: first, place: failureOf(cause) }
    } finally {
      searches--
    }
  }
}

/** A foreign record's number is its offset. */
function startOf(id: Id, topic: string): bigint | undefined {
  return id.origin === topic ? id.seq : undefined
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** The event id of a record. */
function idOf(record: KafkaMessage, topic: string, partition: number): string {
  const identity = parseIdentity(record.headers?.[IDENTITY_HEADER])
  return identity
    ? eventId(identity.origin, identity.partition, identity.seq)
    : eventId(topic, partition, BigInt(record.offset))
}

type Marks = { fence: bigint | undefined; position: bigint | undefined }

async function readMarks(
  id: Id,
  read: ReadRedis,
  topic: string,
  keys: ReceiptSources['keys'],
): Promise<Marks> {
  const replies = await read([
    ['HGET', keys.fences, `${id.origin}-${id.partition}`],
    ['HGET', keys.positions, `${topic}-${id.partition}`],
  ])
  const [fence, position] = replies.map((reply) => (reply === null ? undefined : BigInt(reply as string)))
  return { fence, position }
}

/** The fence says it; once its origin has left the log and the fence is gone, the log position does. */
function isCounted(id: Id, { fence, position }: Marks, place: Place | null): boolean {
  if (fence !== undefined && fence >= id.seq) return true
  return place !== null && position !== undefined && position > BigInt(place.offset)
}

function placeOf(found: Found): Place | undefined {
  return found && !isFailure(found) && found.log && 'offset' in found.log
    ? { ...found.log, offset: Number(found.log.offset) }
    : undefined
}

function isFailure(part: object | null): part is Failure {
  return part !== null && Object.keys(part).length === 1 && 'error' in part
}

async function orFailure<T>(work: Promise<T>): Promise<T | Failure> {
  return work.catch(failureOf)
}

/** Only what a store's absence is turned into; anything else is a mistake of ours. */
function failureOf(cause: unknown): Failure {
  if (cause instanceof StoreError) return { error: cause.message }
  throw cause
}
