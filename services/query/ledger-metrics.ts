// The ledger and the fill of the views for Prometheus. The stores are asked when somebody reads the page, and callers
// that come at once share one answer; a store that is away has no series, so no old number stands for it.
import { Gauge, type Registry } from 'prom-client'
import { OTHER, type View, type ViewKeys } from '../lib/views.ts'
import type { Ledger } from './ledger.ts'
import type { DatabaseSize } from './mongo.ts'
import type { ReadRedis } from './redis.ts'
import { StoreError } from './stores.ts'

export type Readers = {
  readLedger: () => Promise<Ledger>
  /** Undefined while MongoDB is away. */
  readSize: () => Promise<DatabaseSize | undefined>
  readFill: () => Promise<Fill[]>
}

export function addLedgerMetrics(registry: Registry, { readLedger, readSize, readFill }: Readers): void {
  const registers = [registry]
  /** `read` answers the values of a label and what to show for each. */
  const gauge = (name: string, help: string, label: string, read: () => Promise<[string, number][]>) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      async collect() {
        const values = await read()
        this.reset()
        for (const [value, count] of values) this.set({ [label]: value }, count)
      },
    })
  gauge(
    'freshet_query_ledger_records',
    'Records of a store (kafka: ever appended; mongodb: documents; redis: counted in the total).',
    'store',
    async () => recordsOf(await readLedger()),
  )
  gauge(
    'freshet_query_lag_records',
    'Records that a consumer group has not committed.',
    'group',
    async () => {
      const { lag } = await readLedger()
      return lag && !isError(lag) ? Object.entries(lag) : []
    },
  )
  gauge(
    'freshet_query_mongodb_bytes',
    'Size of the database (data: before compression; storage: on disk, with its indexes).',
    'what',
    async () => {
      const size = await readSize()
      return size
        ? [
            ['data', size.dataBytes],
            ['storage', size.storageBytes],
          ]
        : []
    },
  )
  gauge(
    'freshet_query_view_keys',
    'Keys of a live view whose keys clients choose, without (other).',
    'view',
    async () => (await readFill()).map(({ view, keys }) => [view, keys]),
  )
  gauge(
    'freshet_query_view_max_keys',
    'The most keys that such a view takes; what is beyond counts under (other).',
    'view',
    async () => (await readFill()).map(({ view, maxKeys }) => [view, maxKeys]),
  )
}

const isError = (part: object): part is { error: string } => 'error' in part

/** By store; those that are away are missing. */
export function recordsOf({ log, mongodb, redis }: Ledger): [string, number][] {
  const records: [string, number][] = []
  if (log && !isError(log))
    records.push(['kafka', Object.values(log.partitions).reduce((sum, { high }) => sum + high, 0)])
  if (!isError(mongodb)) records.push(['mongodb', mongodb.documents])
  if (!isError(redis)) records.push(['redis', redis.total])
  return records
}

/** How full a view is; `view` is its Redis key without the pipeline's prefix. */
export type Fill = { view: string; keys: number; maxKeys: number }

const sizeCommands = { count: 'HLEN', top: 'ZCARD', distinct: 'SCARD' } as const
const otherCommands = { count: 'HEXISTS', top: 'ZSCORE', distinct: 'SISMEMBER' } as const

/** Reads how full the views are; empty while Redis is away. */
export function createFillReader(
  pipeline: string,
  keys: ViewKeys,
  readRedis: ReadRedis,
): () => Promise<Fill[]> {
  const prefixLength = `{${pipeline}}:`.length
  const views = keys.views.filter((view): view is Extract<View, { maxKeys: number }> => 'maxKeys' in view)
  const commands = views.flatMap(({ kind, key }) => [
    [sizeCommands[kind], key],
    [otherCommands[kind], key, OTHER],
  ])
  return async () => {
    try {
      const replies = views.length === 0 ? [] : await readRedis(commands)
      return views.map(({ key, maxKeys }, index) => {
        const [size, other] = replies.slice(index * 2)
        // ZSCORE answers null or the score, the others 0 or 1.
        const hasOther = other !== null && other !== 0
        return { view: key.slice(prefixLength), keys: Number(size) - (hasOther ? 1 : 0), maxKeys }
      })
    } catch (cause) {
      if (cause instanceof StoreError) return []
      throw cause
    }
  }
}
