// How much each store has: cheap figures that show whether they agree.
import type { LedgerState, OrError } from '../lib/page-api.ts'
import type { ViewKeys } from '../lib/views.ts'
import type { Bounds, LogReader } from './kafka-log.ts'
import type { EventReader } from './mongo.ts'
import type { ReadRedis } from './redis.ts'
import { StoreError } from './stores.ts'

export type LedgerSources = {
  /** Undefined where MongoDB is the log. */
  log: Pick<LogReader, 'topic' | 'bounds' | 'committed'> | undefined
  countDocuments: EventReader['count']
  readRedis: ReadRedis
  keys: Pick<ViewKeys, 'total' | 'positions' | 'fences'>
  groups: string[]
}

export type Ledger = LedgerState & { at: string }

/** Reads the ledger. A store that is away has an `error` in place of its figures. */
export async function readLedger({
  log,
  countDocuments,
  readRedis,
  keys,
  groups,
}: LedgerSources): Promise<Ledger> {
  // The log last, so that no store seems to have what the log has not.
  const redis = await orError(
    readRedis([
      ['GET', keys.total],
      ['HGETALL', keys.positions],
      ['HGETALL', keys.fences],
    ]).then(redisOf(log?.topic)),
  )
  const mongodb = await orError(countDocuments().then((documents) => ({ documents })))
  const kafka = log && (await readKafka(log, groups))
  return { ...kafka, mongodb, redis, at: new Date().toISOString() }
}

async function readKafka(log: NonNullable<LedgerSources['log']>, groups: string[]) {
  const bounds = log.bounds()
  const [size, lag] = await Promise.all([
    orError(bounds.then(sizeOf)),
    orError(
      Promise.all([bounds, ...groups.map((group) => log.committed(group))]).then(([ends, ...committed]) =>
        Object.fromEntries(groups.map((group, index) => [group, lagOf(ends, committed[index]!)])),
      ),
    ),
  ])
  return { log: size, lag }
}

function sizeOf(bounds: Map<number, Bounds>) {
  const partitions: Record<string, { low: number; high: number }> = {}
  let records = 0
  for (const [partition, { low, high }] of [...bounds].toSorted(([a], [b]) => a - b)) {
    partitions[partition] = { low: Number(low), high: Number(high) }
    records += Number(high - low)
  }
  return { records, partitions }
}

/** What lies between the committed offsets and the ends; where nothing is committed, the whole partition. */
export function lagOf(bounds: Map<number, Bounds>, committed: Map<number, bigint>): number {
  let lag = 0n
  for (const [partition, { low, high }] of bounds) {
    const at = committed.get(partition) ?? low
    const from = at > low ? at : low
    if (high > from) lag += high - from
  }
  return Number(lag)
}

function redisOf(topic: string | undefined) {
  return ([total, positions, fences]: unknown[]) => {
    let fencesSum = 0
    for (const [name, seq] of pairsOf(fences as string[])) {
      // The numbers of foreign records are offsets, so they are no counts.
      const foreign =
        topic !== undefined && name.startsWith(`${topic}-`) && /^\d+$/.test(name.slice(topic.length + 1))
      if (!foreign) fencesSum += seq
    }
    return {
      total: Number(total ?? 0),
      positions: Object.fromEntries(pairsOf(positions as string[])),
      fencesSum,
    }
  }
}

function pairsOf(reply: string[]): [string, number][] {
  return reply.flatMap((name, at) =>
    at % 2 === 0 ? [[name, Number(reply[at + 1])] as [string, number]] : [],
  )
}

async function orError<T>(work: Promise<T>): Promise<OrError<T>> {
  try {
    return await work
  } catch (cause) {
    if (cause instanceof StoreError) return { error: cause.message }
    throw cause
  }
}
