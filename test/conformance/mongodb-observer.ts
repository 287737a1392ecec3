// Reads every stored document's id. MongoDB keeps no order, and the id makes a second copy impossible to hide.
import type { MongoClient } from 'mongodb'
import { EVENTS_COLLECTION, type EventDocument } from '../../services/lib/mongo.ts'
import { createRecord, type Observer } from './observer.ts'

export function openMongodbObserver(client: MongoClient, database: string): Observer {
  const db = client.db(database)
  return {
    async look() {
      const { seen, add } = createRecord()
      const documents = db.collection<EventDocument>(EVENTS_COLLECTION).find({}, { projection: { _id: 1 } })
      for (const { _id } of await documents.toArray()) add(_id)
      return {
        ...seen,
        distinct: seen.distinct,
        repeated: seen.repeated,
        missing: seen.missing,
        disorder: undefined,
      }
    },
    async close() {
      await db.dropDatabase()
    },
  }
}
