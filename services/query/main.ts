// query: what the stores hold goes out, over HTTP and WebSocket: the live views as they change, the log of
// events, an event's receipt, the ledger, and a page that shows them. It reads and never writes.
//
// Readiness asks that each store has answered once since the start. After that a store that is away takes
// only its own answers with it (503, `stale`, `error`), not the page and the other stores' answers.
import * as uWS from 'uWebSockets.js'
import { addAdminPages, listen } from '../lib/admin.ts'
import { ConfigError } from '../lib/errors.ts'
import { createLog } from '../lib/log.ts'
import { exitWithMistakes, run } from '../lib/run.ts'
import { createPages, json, jsonText, MAX_SHARING } from './answer.ts'
import { coalesce } from './coalesce.ts'
import { openKafkaLog, type LogReader } from './kafka-log.ts'
import { readLedger } from './ledger.ts'
import { addLedgerMetrics, createFillReader } from './ledger-metrics.ts'
import { createLiveReader } from './live.ts'
import { addLiveSocket } from './live-socket.ts'
import { createLogs } from './logs.ts'
import { createQueryMetrics } from './metrics.ts'
import { openMongo, type EventReader } from './mongo.ts'
import { parseOptions, usage, type Options } from './options.ts'
import { loadPage } from './page.ts'
import { createReceipts, SEARCH_DEADLINE_MS } from './receipts.ts'
import { openRedis, type ReadRedis } from './redis.ts'
import { createStore, StoreError, type Store } from './stores.ts'

const REDIS_DEADLINE_MS = 1_000
const MONGO_DEADLINE_MS = 2_500
const KAFKA_DEADLINE_MS = 2_000
/** All callers of a view share what was read within this time. */
const LIVE_MAX_AGE_MS = 100
const LEDGER_MAX_AGE_MS = 250
/** A store may have to look at all it has. */
const SIZE_MAX_AGE_MS = 10_000
/** How long requests in flight may take when it stops; with the stores' 300 ms each, below 2 s. */
const DRAIN_MS = 1_000

if (process.argv.includes('--help')) {
  process.stdout.write(`${usage}\n`)
  process.exit(0)
}
const options = readOptions(process.argv.slice(2))
const log = createLog({ program: 'query', pipeline: options.pipeline })

await run(log, async ({ onStop, running }) => {
  const { eventType, pipeline, keys, groups } = options
  const metrics = createQueryMetrics(pipeline)
  const ending = new AbortController()

  const stores = {
    redis: createStore('Redis', REDIS_DEADLINE_MS, metrics.storeUp, log),
    mongo: createStore('MongoDB', MONGO_DEADLINE_MS, metrics.storeUp, log),
    ...(options.kafka && { kafka: createStore('Kafka', KAFKA_DEADLINE_MS, metrics.storeUp, log) }),
  }
  const redis = openRedis(options.live.hosts[0]!, log)
  onStop('redis', redis.close)
  const mongo = openMongo(options.log.hosts, options.log.path)
  onStop('mongodb', mongo.close)
  const kafka = options.kafka && openKafkaLog(options.kafka, log)
  if (kafka) onStop('kafka', kafka.close)

  const readRedis: ReadRedis = (commands) => stores.redis.call(() => redis.read(commands))
  const events: Pick<EventReader, 'find' | 'get' | 'count'> = {
    find: (filter, limit) => stores.mongo.call(() => mongo.find(filter, limit)),
    get: (id) => stores.mongo.call(() => mongo.get(id)),
    count: () => stores.mongo.call(mongo.count),
  }
  const eventLog: Omit<LogReader, 'close'> | undefined =
    kafka && stores.kafka && readThrough(kafka, stores.kafka)
  void stores.redis.keepTrying(() => redis.connected.then(() => redis.read([['PING']])), ending.signal)
  void stores.mongo.keepTrying(mongo.count, ending.signal)
  if (kafka) {
    const readKafka = () => Promise.all([kafka.bounds(), kafka.committed(groups[0]!)])
    void stores.kafka?.keepTrying(readKafka, ending.signal)
  }
  onStop('contact', () => ending.abort())

  const readViews = createLiveReader(pipeline, keys, readRedis)
  const readLive = coalesce(LIVE_MAX_AGE_MS, () => {
    metrics.liveReads.inc()
    return readViews()
  })
  const logs = createLogs(eventType.schema, events.find)
  const receipt = createReceipts({
    getDocument: events.get,
    readRedis,
    log: eventLog,
    archiver: groups[0]!,
    keys,
    onSearch: () => metrics.logScans.inc(),
  })
  const ledger = coalesce(LEDGER_MAX_AGE_MS, () =>
    readLedger({ log: eventLog, countDocuments: events.count, readRedis, keys, groups }),
  )
  const readFill = coalesce(LEDGER_MAX_AGE_MS, createFillReader(pipeline, keys, readRedis))
  const readSize = coalesce(SIZE_MAX_AGE_MS, () => stores.mongo.call(mongo.size).catch(noneWhileAway))
  addLedgerMetrics(metrics.registry, { readLedger: ledger, readSize, readFill })
  const page = loadPage()

  const app = uWS.App()
  const liveSocket = addLiveSocket(app, readLive, metrics, log)
  const pages = createPages(app, metrics, log)
  pages.get('/', () => page)
  pages.get('/live', async () => jsonText(200, (await readLive()).json), MAX_SHARING)
  pages.get('/logs', ({ query }) => logs(query))
  pages.get('/events/:id', ({ parameter }) => receipt(parameter))
  pages.get('/ledger', async () => json(200, await ledger()), MAX_SHARING)
  addAdminPages(app, {
    metrics: metrics.registry,
    notReady: () => {
      if (!running()) return 'stopping'
      const missing = Object.values(stores).filter((store) => !store.reached())
      return missing.length > 0 ? `not reached yet: ${missing.map(({ name }) => name).join(', ')}` : undefined
    },
  })
  pages.refuseOthers()
  const listening = await listen(app, options.listen.hosts[0]!)
  onStop('server', async () => {
    listening.stopAccepting()
    liveSocket.close()
    await pages.idle(DRAIN_MS)
    app.close()
  })
  log.info('listening', {
    port: listening.port,
    live: options.live.url,
    log: options.log.url,
    kafka: options.kafka?.url,
  })
})

/** The same log, each call within its deadline. */
function readThrough(kafka: LogReader, store: Store): Omit<LogReader, 'close'> {
  return {
    topic: kafka.topic,
    bounds: () => store.call(kafka.bounds),
    committed: (group) => store.call(() => kafka.committed(group)),
    find: (...search) => store.call(() => kafka.find(...search), SEARCH_DEADLINE_MS + KAFKA_DEADLINE_MS),
  }
}

function noneWhileAway(cause: unknown): undefined {
  if (!(cause instanceof StoreError)) throw cause
  return undefined
}

function readOptions(args: string[]): Options {
  try {
    return parseOptions(args)
  } catch (cause) {
    if (cause instanceof ConfigError) exitWithMistakes(cause)
    throw cause
  }
}
