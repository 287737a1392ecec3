// Where and how MongoDB holds events.

/** One document an event: `_id` (the event id), the schema's fields, `time`, `route`, `log`. */
export const EVENTS_COLLECTION = 'events'

export type EventDocument = {
  _id: string
  /** The intake's time, millisecond precision. */
  time: Date
  /** The name of the hop that took it in. */
  route: string
  /** Where the log has it; absent when MongoDB is the log. */
  log?: { topic: string; partition: number; offset: number }
  [field: string]: unknown
}
