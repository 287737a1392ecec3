// query: what the stores hold goes out, over HTTP and WebSocket: the live views as they change, the log of
// events, an event's receipt, the graph and its ledger, and a page that shows them. It reads and never writes;
// what somebody sends by hand it gives to an intake.
//
// Readiness asks that each store has answered once since the start. After that a store that is away takes
// only its own answers with it (503, `stale`, `error`), not the page and the other stores' answers.
import * as uWS from 'uWebSockets.js'
import { addAdminPages, listen } from '../lib/admin.ts'
import { prepareDeparture } from '../lib/departure.ts'
import { ConfigError } from '../lib/errors.ts'
import { createLog } from '../lib/log.ts'
import { exitWithMistakes, run } from '../lib/run.ts'
import type { View } from '../lib/views.ts'
import { createPages, json, jsonText, MAX_SHARING, type Answer } from './answer.ts'
import { coalesce, coalesceEach } from './coalesce.ts'
import { createGraphReader } from './graph.ts'
import { openKafkaLog, type LogReader } from './kafka-log.ts'
import { readLedger } from './ledger.ts'
import { addLedgerMetrics, createFillReader } from './ledger-metrics.ts'
import { changesBetween, createLiveReader } from './live.ts'
import { addLiveSocket } from './live-socket.ts'
import { createLogs } from './logs.ts'
import { createQueryMetrics } from './metrics.ts'
import { openMongo, SCAN_DEADLINE_MS, type EventReader } from './mongo.ts'
import { parseOptions, usage, type Options } from './options.ts'
import { createPipelineReader, pipelineChanges } from './pipeline-state.ts'
import { createReceipts, SEARCH_DEADLINE_MS } from './receipts.ts'
import { openRedis, type ReadRedis } from './redis.ts'
import { createReports } from './reports.ts'
import { describeSchema } from './schema.ts'
import { checkEvent, createSender } from './send.ts'
import { createSite } from './site.ts'
import { createStoredCounts } from './stored-counts.ts'
import { createStore, StoreError, type Store } from './stores.ts'

const REDIS_DEADLINE_MS = 1_000
const MONGO_DEADLINE_MS = 2_500
const KAFKA_DEADLINE_MS = 2_000
/** All callers of a view share what was read within this time. */
const LIVE_MAX_AGE_MS = 100
const LEDGER_MAX_AGE_MS = 250
/** When it stops: how long clients may be silent, and then requests in flight take; with the stores' 300 ms each below 2 s. */
const SILENT_MS = 500
const DRAIN_MS = 500
/** Many follow the newest page; few read the same older one. */
const LOGS_MAX_AGE_MS = 500
const LOGS_SHARED = 32
/** Asking the hops costs each of them a page of metrics. */
const GRAPH_MAX_AGE_MS = 500
/** A store may have to look at all it has. */
const SIZE_MAX_AGE_MS = 10_000

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
  const events: Omit<EventReader, 'close'> = {
    find: (filter, limit) => stores.mongo.call(() => mongo.find(filter, limit), SCAN_DEADLINE_MS),
    countGroups: (...asked) => stores.mongo.call(() => mongo.countGroups(...asked), SCAN_DEADLINE_MS),
    firstAt: () => stores.mongo.call(mongo.firstAt, SCAN_DEADLINE_MS),
    get: (id) => stores.mongo.call(() => mongo.get(id)),
    count: () => stores.mongo.call(mongo.count),
    size: () => stores.mongo.call(mongo.size),
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

  const counted = kafka ? [] : keys.views.flatMap((view) => singleField(view))
  const stored = createStoredCounts({ ...events, countDocuments: events.count, fields: counted })
  const others = counted.length > 0 ? stored.views : undefined
  const readViews = createLiveReader(pipeline, keys, readRedis, others)
  const readLive = coalesce(LIVE_MAX_AGE_MS, () => {
    metrics.liveReads.inc()
    return readViews()
  })
  const logs = coalesceEach(LOGS_MAX_AGE_MS, LOGS_SHARED, createLogs(eventType.schema, events.find))
  const receipt = createReceipts({
    getDocument: events.get,
    readRedis,
    log: eventLog,
    archiver: groups[0]!,
    keys,
    onSearch: () => metrics.logScans.inc(),
  })
  const readOwnLedger = () =>
    readLedger({ log: eventLog, countDocuments: events.count, readRedis, keys, groups })
  const ledger = coalesce(LEDGER_MAX_AGE_MS, readOwnLedger)
  const readFill = coalesce(LEDGER_MAX_AGE_MS, createFillReader(pipeline, keys, readRedis))
  const readSize = coalesce(SIZE_MAX_AGE_MS, () => events.size().catch(noneWhileAway))
  addLedgerMetrics(metrics.registry, { readLedger: ledger, readSize, readFill })
  const readPipeline = coalesce(
    GRAPH_MAX_AGE_MS,
    createPipelineReader(pipeline, createGraphReader(options.hops), readOwnLedger),
  )
  const site = createSite()
  const schema = json(200, describeSchema(options))
  const report = createReports(options.reports)
  const send = createSender(options.intakes)

  const app = uWS.App()
  const departure = prepareDeparture(app)
  const sockets = [
    addLiveSocket(app, { path: '/live', read: readLive, changesBetween, departure, metrics, log }),
    addLiveSocket(app, {
      path: '/pipeline',
      read: readPipeline,
      changesBetween: pipelineChanges,
      departure,
      metrics,
      log,
    }),
  ]
  const { allowOrigin } = options
  const pages = createPages(
    app,
    departure,
    metrics,
    log,
    allowOrigin ? { 'Access-Control-Allow-Origin': allowOrigin } : {},
  )
  /** One address for people and programs. */
  const orPage =
    (answer: Answer): Answer =>
    (ask) =>
      ask.wantsPage ? site(ask) : answer(ask)
  pages.get('/', site)
  pages.get('/assets/*', site)
  pages.get('/icon.svg', site)
  const live = async () => jsonText(200, (await readLive()).json)
  pages.get('/live', orPage(live), MAX_SHARING)
  pages.get(
    '/logs',
    orPage(({ query }) => logs(query)),
  )
  for (const name of ['duel', 'loadtest'])
    pages.get(
      `/${name}`,
      orPage(() => report(name)),
    )
  pages.get('/schema', () => schema)
  pages.get('/pipeline', async () => jsonText(200, (await readPipeline()).json), MAX_SHARING)
  pages.post('/check', (ask) => checkEvent(eventType, ask))
  pages.post('/send', send)
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
    for (const socket of sockets) socket.close()
    await departure.leave(SILENT_MS)
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

/** The field of a view that counts by one. */
function singleField(view: View): { name: string; maxKeys: number }[] {
  const [field, ...others] = view.kind === 'count' ? view.fields : []
  return view.kind === 'count' && field && others.length === 0
    ? [{ name: field.name, maxKeys: view.maxKeys }]
    : []
}

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
