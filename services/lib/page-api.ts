// What the query service tells the page, as both of them see it.

export type FieldShape = {
  name: string
  aliases: string[]
  kind: 'string' | 'integer' | 'number' | 'boolean' | 'enum' | 'other'
  /** Of an enum: what clients may send. */
  values?: string[]
  /** protovalidate's rules, under the names of its schema: `{ min_len: 1 }`. */
  rules: Record<string, unknown>
}

export type ViewShape = {
  /** As in the live views. */
  name: string
  kind: 'count' | 'top' | 'distinct' | 'histogram' | 'latest' | 'rate'
  fields: string[]
  /** Of a histogram, in order. */
  labels?: string[]
  /** Of the latest: how many. Of a rate: how many seconds. */
  size?: number
}

/** `GET /schema` */
export type SchemaShape = {
  pipeline: string
  event: string
  partitionKey?: string
  fields: FieldShape[]
  views: ViewShape[]
  /** The hops to which the page can post an event. */
  intakes: string[]
  /** Whether MongoDB is the log, and is counted for the views `mongodb:<field>`. */
  stored: boolean
}

/** Counts by key; for `distinct` the values; for `latest` the events, newest first. */
export type ViewState = Record<string, number> | string[] | Record<string, unknown>[]

/** `GET /live`, and the first message of its WebSocket. */
export type LiveState = {
  pipeline: string
  /** When it was read, ISO 8601. */
  at: string
  total: number
  /** Under the view's key in Redis without the pipeline's prefix: `count:country`, `latest`, `rate`. */
  views: Record<string, ViewState>
}

/** Only what is new; null for a count that is gone. Lists come whole. */
export type LiveChanges = {
  at: string
  total?: number
  changes?: Record<string, Record<string, number | null> | string[] | Record<string, unknown>[]>
}

/** What a WebSocket says while the state cannot be read. */
export type Stale = { stale: true; since: string; at: string }

/** A hop of the graph, and how it does. */
export type HopState = {
  name: string
  /** What it listens on or reads: `http`, `grpc`, `kafka`, `mongodb`, … */
  from: string
  /** Of a hop that reads Kafka. */
  group?: string
  /** Hops and stores. */
  to: string[]
  /** The same, best effort. */
  fast: string[]
  health: 'ready' | 'not ready' | 'away'
  /** Why it is not ready. */
  reason?: string
  /** Processes that answer. */
  instances: number
  /** Records a second that all its sinks got; null until that is known. */
  perSecond: number | null
  /** Bytes queued or in flight. */
  queueBytes: number
  /** Events answered 202 since the intake started; null for a hop that is none. */
  accepted: number | null
  deadLetters: number
}

export type OrError<T> = T | { error: string }

export type LedgerState = {
  /** Absent where MongoDB is the log. */
  log?: OrError<{ records: number; partitions: Record<string, { low: number; high: number }> }>
  mongodb: OrError<{ documents: number }>
  /** `fencesSum`: events of our own intakes that are applied, as far as their origins are still in the log. */
  redis: OrError<{ total: number; positions: Record<string, number>; fencesSum: number }>
  /** Records that each consumer group has not committed yet; absent where MongoDB is the log. */
  lag?: OrError<Record<string, number>>
}

/** `GET /pipeline`, and the messages of its WebSocket, which leave out what did not change. */
export type PipelineState = { pipeline: string; at: string; hops: HopState[]; ledger: LedgerState }

/** The values of a combined key: joined by `|`, with `|` and `\` inside a value escaped by `\`. */
export function splitKey(key: string): string[] {
  const parts = ['']
  for (let at = 0; at < key.length; at++) {
    const sign = key[at]!
    if (sign === '|') parts.push('')
    else parts[parts.length - 1] += sign === '\\' ? (key[++at] ?? '') : sign
  }
  return parts
}
