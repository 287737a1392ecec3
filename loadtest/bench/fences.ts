// How far a store is with what it was given, by the numbers of the events.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Collection } from 'mongodb'
import type { RedisClientType } from 'redis'
import type { EventDocument } from '../../services/lib/mongo.ts'
import { parseEventId } from '../../services/lib/views.ts'

/**
 * Given ids that are waited for, oldest first, by `<origin>-<partition>`: the highest number that is visible of
 * each. A log's reader stores a partition in order, so all below it are visible too.
 */
export type ReadFences = (waiting: ReadonlyMap<string, readonly string[]>) => Promise<Map<string, number>>

/** From the hash of fences that the live views keep themselves. */
export function fencesInRedis(redis: RedisClientType, key: string): ReadFences {
  return async (waiting) => {
    const names = [...waiting.keys()]
    if (names.length === 0) return new Map()
    const values = await redis.hmGet(key, names)
    return new Map(names.map((name, index) => [name, Number(values[index] ?? 0)]))
  }
}

/** So many ids of a partition are asked for at once. */
const MOST_IDS = 50

export function fencesInMongodb(documents: Collection<EventDocument>): ReadFences {
  return async (waiting) => {
    const fences = new Map<string, number>()
    const $in = [...waiting.values()].flatMap((ids) => ids.slice(0, MOST_IDS))
    if ($in.length === 0) return fences
    const found = await documents.find({ _id: { $in } }, { projection: { _id: 1 } }).toArray()
    for (const { _id } of found) raise(fences, _id)
    return fences
  }
}

/**
 * From FerretDB's SQLite file: FerretDB 1.24 reads a collection from its start for every find, also by `_id`,
 * so that asking it would be what is measured (240,000 documents: 1.4 s a find).
 */
export function fencesInFerretdb(dataDir: string, database: string, collection: string): ReadFences {
  const file = join(dataDir, `${database}.sqlite`)
  if (!existsSync(file)) throw new Error(`${file} is not there: is FerretDB that of the local stack?`)
  const db = new DatabaseSync(file, { readOnly: true })
  const table = db.prepare('SELECT table_name FROM _ferretdb_collections WHERE name = ?').get(collection)
  if (!table) throw new Error(`FerretDB has no collection ${collection}`)
  const newer = db.prepare(
    `SELECT rowid AS row, _ferretdb_sjson ->> '$._id' AS id FROM "${String(table['table_name'])}" WHERE rowid > ? ORDER BY rowid`,
  )
  const fences = new Map<string, number>()
  let last = 0
  return () => {
    for (const { row, id } of newer.all(last)) {
      last = Number(row)
      raise(fences, String(id))
    }
    return Promise.resolve(fences)
  }
}

function raise(fences: Map<string, number>, id: string): void {
  const { origin, partition, seq } = parseEventId(id)!
  const name = `${origin}-${partition}`
  fences.set(name, Math.max(Number(seq), fences.get(name) ?? 0))
}
