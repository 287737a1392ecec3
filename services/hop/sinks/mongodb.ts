// Logs events as documents. The event's id is the document's, so that a repeated insert changes nothing.
import { MongoBulkWriteError } from 'mongodb'
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { EventType } from '../../lib/event-type.ts'
import type { Log } from '../../lib/log.ts'
import { LOG_OVERLAP_MS, openEvents, type EventDocument, type MongoPlace } from '../../lib/mongo.ts'
import { eventId } from '../../lib/views.ts'
import {
  MAX_BATCH_RECORDS,
  bytesOf,
  eachRecord,
  outcomes,
  Verdict,
  type Batch,
  type Outcome,
  type Sink,
} from '../batch.ts'
import { createGroupCommit, type Limits } from '../group-commit.ts'

const DUPLICATE_KEY = 11_000
/** BSONObjectTooLarge, DocumentValidationFailure: the document is at fault, so no retry can help. */
const PERMANENT = new Set([10_334, 17_280, 17_419, 17_420, 121])
/** The server gives up an insert by then, so that none becomes visible when the log's reader has gone on. */
const INSERT_DEADLINE_MS = 10_000
/** A call that is not answered by then has failed; above the server's own limit for a majority write. */
const SOCKET_DEADLINE_MS = 12_000
const MAJORITY_DEADLINE_MS = 8_000
/** How long after a failure it is asked whether it is there again. */
const RETRY_MS = 500
const LIMITS: Limits = {
  maxBatchRecords: MAX_BATCH_RECORDS,
  maxBatchBytes: 4_194_304,
  maxQueueBytes: 67_108_864,
  maxQueueAgeMs: 30_000,
  returning: false,
}

type Waiting = {
  documents: EventDocument[]
  records: number
  bytes: number
  done: (outcome: Outcome) => void
}

export async function createMongodbSink(endpoint: Endpoint, eventType: EventType, log: Log): Promise<Sink> {
  const stored = openEvents(endpoint.hosts, endpoint.path, {
    appName: 'freshet',
    writeConcern: { w: 'majority', j: true, wtimeoutMS: MAJORITY_DEADLINE_MS },
    // The hop that owns a batch retries it; nobody else.
    retryWrites: false,
    socketTimeoutMS: SOCKET_DEADLINE_MS,
    maxPoolSize: 8,
  })
  let down: string | undefined = 'not connected yet'
  let indexed = false

  /** The order in which `query` pages through the log. */
  const ensureIndex = async () => {
    if (indexed) return
    await stored.use((events) => events.createIndex({ time: -1, _id: -1 }))
    indexed = true
    down = undefined
  }
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const ask = async () => {
    try {
      await ensureIndex()
      await stored.use((_events, db) => db.command({ ping: 1 }))
      down = undefined
    } catch (cause) {
      away(cause)
    }
  }
  /** Whoever is not ready is sent nothing, so the sink finds its way back without a batch. */
  const away = (cause: unknown) => {
    if (down === undefined || !indexed) log.warn('mongodb did not answer', { cause: reasonOf(cause) })
    down = reasonOf(cause)
    if (closed) return
    timer ??= setTimeout(() => {
      timer = undefined
      void ask()
    }, RETRY_MS).unref()
  }
  void ask()

  const insert = async (documents: EventDocument[]): Promise<Outcome> => {
    try {
      await ensureIndex()
      const stampedAt = stamp(documents)
      let outcome = outcomes.stored()
      try {
        if (documents.length > 0)
          await stored.use((events) =>
            events.insertMany(documents, { ordered: false, maxTimeMS: INSERT_DEADLINE_MS }),
          )
      } catch (cause) {
        const known = cause instanceof MongoBulkWriteError ? outcomeOf(cause) : undefined
        if (!known) throw cause
        outcome = known
      }
      if (Date.now() - stampedAt > LOG_OVERLAP_MS / 2) await stampAgain(documents)
      down = undefined
      return outcome
    } catch (cause) {
      away(cause)
      return outcomes.failed(reasonOf(cause))
    }
  }

  /** This process was frozen, or the server was: the log's reader may have gone on without these. */
  const stampAgain = async (documents: EventDocument[]) => {
    const ids = documents.flatMap(({ _id, log: place }) => (place && 'at' in place ? [_id] : []))
    while (ids.length > 0) {
      const at = new Date()
      await stored.use((events) => events.updateMany({ _id: { $in: ids } }, { $set: { 'log.at': at } }))
      if (Date.now() - at.getTime() < LOG_OVERLAP_MS / 2) return
    }
  }

  // Batches of several partitions that come while an insert is out become one insert: the price of a call is that
  // of some fifty documents. Their order does not matter, ids do.
  const commit = createGroupCommit<Waiting>(1, LIMITS, async (waiting) => {
    const outcome = await insert(waiting.flatMap(({ documents }) => documents))
    // One batch's bad document must not condemn another's good ones.
    if (outcome.verdict === Verdict.REJECTED && waiting.length > 1) {
      for (const { documents, done } of waiting) done(await insert(documents))
    } else for (const { done } of waiting) done(outcome)
  })

  return {
    url: endpoint.url,
    notReady: () => (down === undefined ? undefined : `${endpoint.url}: ${down}`),
    write(batch) {
      let documents: EventDocument[]
      try {
        documents = documentsOf(batch, eventType)
      } catch (cause) {
        return Promise.resolve(outcomes.rejected(`is no ${eventType.schema.typeName}: ${reasonOf(cause)}`))
      }
      return new Promise((resolve) => {
        const waiting = { documents, records: documents.length, bytes: bytesOf(batch), done: resolve }
        if (!commit.offer(0, waiting)) resolve(outcomes.failed('the queue is full'))
      })
    },
    close() {
      closed = true
      clearTimeout(timer)
      return stored.close()
    },
  }
}

function documentsOf(batch: Batch, eventType: EventType): EventDocument[] {
  const { log } = batch
  const documents: EventDocument[] = []
  for (const run of batch.runs) {
    eachRecord(run, (event, seq, timeUs, offsetDelta, traceparent) => {
      documents.push({
        _id: eventId(run.origin, run.partition, seq),
        ...eventType.toDocument(event),
        time: new Date(Number(timeUs / 1_000n)),
        route: run.route,
        log: log
          ? { topic: log.topic, partition: log.partition, offset: Number(log.firstOffset) + offsetDelta }
          : placeOf(timeUs, traceparent),
      })
    })
  }
  return documents
}

function placeOf(timeUs: bigint, traceparent: string | undefined): MongoPlace {
  const place: MongoPlace = { at: new Date(), timeUs: Number(timeUs) }
  if (traceparent !== undefined) place.traceparent = traceparent
  return place
}

/** Where MongoDB is the log, its reader finds documents by the moment at which their insert began. */
function stamp(documents: EventDocument[]): number {
  const at = new Date()
  for (const { log: place } of documents) if (place && 'at' in place) place.at = at
  return at.getTime()
}

/** Duplicates are success. Undefined means: try again. */
function outcomeOf(error: MongoBulkWriteError): Outcome | undefined {
  const errors = [error.writeErrors].flat()
  if (errors.length === 0 || error.result?.getWriteConcernError()) return undefined
  const others = errors.filter(({ code }) => code !== DUPLICATE_KEY)
  if (others.length === 0) return outcomes.stored()
  return others.every(({ code }) => PERMANENT.has(code))
    ? outcomes.rejected(others[0]!.errmsg ?? 'refused')
    : undefined
}
