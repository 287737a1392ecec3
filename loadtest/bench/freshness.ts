// (e) The whole pipeline: the highest rate at which every store keeps up, and at half of it the time from
// acceptance to visible.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { createClient, type RedisClientType } from 'redis'
import { waitUntilDrained } from '../../local/drained.ts'
import { startPipeline } from '../../local/pipeline.ts'
import type { KafkaPipeline } from '../../pipelines/pipeline.ts'
import { loadEventType } from '../../services/lib/event-type.ts'
import { EVENTS_COLLECTION, type EventDocument } from '../../services/lib/mongo.ts'
import { viewsOf } from '../../services/lib/views.ts'
import type { LoadReport } from '../report.ts'
import type { Bench } from './bench.ts'
import { fencesInFerretdb, fencesInMongodb, fencesInRedis } from './fences.ts'
import { narrow, nextRate, type Bounds } from './rate-search.ts'
import { withReleases, type Defer } from './releases.ts'
import { formatNumber, type Figure, type Section } from './report.ts'
import { SAMPLE_MS, startSampler, type Sampler, type Seen, type Store } from './sampler.ts'
import { send } from './senders.ts'
import { medianOf, percentileOf } from './statistics.ts'
import { openTopics } from './topics.ts'

/** `closeEnough` is the factor between a rate that held and one that did not. */
const full = { stepSeconds: 5, holdSeconds: 15, closeEnough: 1.15 }
const quick = { stepSeconds: 2, holdSeconds: 5, closeEnough: 1.5 }
const WARM_UP_RATE = 1_000
const CONNECTIONS = 256
/** A store keeps up when every sample of a step is visible so long after it was accepted. */
const MOST_BEHIND_MS = 1_000
/** Less than this, and the next rate may begin. */
const DRAINED_MS = 200
const DRAIN_DEADLINE_MS = 60_000
const POLL_MS = 20
/** Beyond its time a load is cut off; then the rate was too high. */
const LOAD_GRACE_SECONDS = 2

export function measureFreshness(bench: Bench): Promise<Section> {
  const { stack, say } = bench
  const { stepSeconds, holdSeconds, closeEnough } = bench.quick ? quick : full
  const pipeline = ownPipeline(bench)

  return withReleases(async (defer) => {
    const { intake, sampler } = await startOwn(defer, bench, pipeline)
    const totals = { accepted: 0, unknown: 0 }
    const load = async (rate: number, seconds: number): Promise<LoadReport> => {
      const report = await send({
        rowsFile: bench.rowsFile,
        url: intake,
        connections: CONNECTIONS,
        requests: Math.round(rate * seconds),
        seconds: seconds + LOAD_GRACE_SECONDS,
        rate,
        reportFile: join(bench.scratch, 'freshness.json'),
      })
      totals.accepted += report.accepted
      totals.unknown += report.sent - report.accepted
      sampler.check()
      return report
    }

    say(`warming up at ${WARM_UP_RATE} a second`)
    await load(WARM_UP_RATE, stepSeconds)
    let bounds: Bounds = {}
    for (let rate = nextRate(bounds, closeEnough); rate !== undefined; rate = nextRate(bounds, closeEnough)) {
      const step = sampler.record()
      const { ended, accepted, sent, left, senderBusy } = await load(rate, stepSeconds)
      await untilDrained(sampler)
      const [redisMs, mongodbMs] = [longestOf(step.redis), longestOf(step.mongodb)]
      const holds =
        ended === 'complete' && accepted === sent && Math.max(redisMs, mongodbMs) <= MOST_BEHIND_MS
      const refused =
        left > 0 || accepted < sent ? `, ${left + sent - accepted} not sent or not accepted` : ''
      const how = `Redis at most ${formatNumber(redisMs)} ms behind, MongoDB ${formatNumber(mongodbMs)} ms`
      const sender = `, sender at ${Math.round(senderBusy * 100)} %`
      say(`${formatNumber(rate)} a second ${holds ? 'holds' : 'is too much'}: ${how}${refused}${sender}`)
      bounds = narrow(bounds, rate, holds)
    }
    if (bounds.held === undefined) throw new Error('no rate was found at which every store keeps up')

    const half = Math.round(bounds.held / 2)
    say(`holding ${formatNumber(half)} a second for ${holdSeconds} s`)
    const seen = sampler.record()
    const held = await load(half, holdSeconds)
    await untilDrained(sampler)
    // What comes now is of an idle pipeline, and counts no more.
    sampler.record()
    if (held.accepted !== held.sent) throw new Error(`of ${held.sent} events ${held.accepted} were accepted`)

    await sampler.stop()
    const samples = sampler.counts()
    totals.accepted += samples.accepted
    totals.unknown += samples.unknown
    say('counting what the stores have')
    const stored = await waitUntilDrained(pipeline, stack, totals.accepted, DRAIN_DEADLINE_MS)
    const most = totals.accepted + totals.unknown
    if (!stored.complete || stored.redis > most || stored.mongodb > most)
      throw new Error(
        `${totals.accepted} were accepted; Redis has ${stored.redis}, MongoDB ${stored.mongodb}`,
      )
    return {
      title: `Freshness of the ${bench.pipeline.name} pipeline at half of the highest rate that every store keeps up with`,
      figures: figuresOf(bounds.held, half, held, seen),
      remarks: [
        `keeps up: at most ${MOST_BEHIND_MS / 1_000} s behind through ${stepSeconds} s at that rate, all accepted`,
        `${seen.redis.latenciesMs.length} samples, one each ${SAMPLE_MS} ms, posted beside the load; polled every ` +
          `${resolution(seen.redis)} (Redis) and ${resolution(seen.mongodb)} (MongoDB), which is part of each figure`,
      ],
    }
  })
}

/** The pipeline under names of its own. */
function ownPipeline({ pipeline, uniqueName }: Bench): KafkaPipeline {
  const name = uniqueName(pipeline.name)
  const hops = structuredClone(pipeline.hops)
  for (const { from } of Object.values(hops)) if ('group' in from) from.group = `${name}-${from.group}`
  return { ...pipeline, name, database: name, topic: { ...pipeline.topic, name }, hops }
}

async function startOwn(defer: Defer, { stack, stackDir, rows }: Bench, pipeline: KafkaPipeline) {
  const topics = await openTopics(defer, stack.kafkaBrokers)
  await topics.create(pipeline.topic.name, pipeline.topic.partitions)
  const mongo = new MongoClient(stack.mongoUrl, { serverSelectionTimeoutMS: 5_000 })
  defer(() => mongo.close())
  defer(() => mongo.db(pipeline.database).dropDatabase())
  const redis: RedisClientType = createClient({ url: stack.redisUrl })
  await redis.connect()
  defer(() => Promise.resolve(redis.destroy()))
  const keys = viewsOf(loadEventType(pipeline.event).schema, pipeline.name)
  defer(async () => {
    const { total, fences, positions, origins, views } = keys
    await redis.unlink([total, fences, positions, origins, ...views.map(({ key }) => key)])
  })
  const running = await startPipeline(pipeline, stack, { log: () => undefined })
  defer(() => running.stop())
  const intake = new URL(`${Object.values(running.intakes)[0]!}/input`)
  const sampler = startSampler({
    intake,
    rows,
    fences: {
      redis: fencesInRedis(redis, keys.fences),
      mongodb: stack.engines.mongodb.startsWith('FerretDB')
        ? fencesInFerretdb(join(stackDir, 'mongo', 'data'), pipeline.database, EVENTS_COLLECTION)
        : fencesInMongodb(mongo.db(pipeline.database).collection<EventDocument>(EVENTS_COLLECTION)),
    },
  })
  defer(() => sampler.stop())
  return { intake, sampler }
}

async function untilDrained(sampler: Sampler): Promise<void> {
  const deadline = performance.now() + DRAIN_DEADLINE_MS
  for (;;) {
    sampler.check()
    const { redis, mongodb } = sampler.behindMs()
    if (Math.max(redis, mongodb) <= DRAINED_MS) return
    if (performance.now() > deadline)
      throw new Error(`Redis is ${redis} ms and MongoDB ${mongodb} ms behind after ${DRAIN_DEADLINE_MS} ms`)
    await pause(POLL_MS)
  }
}

function figuresOf(highest: number, half: number, held: LoadReport, seen: Record<Store, Seen>): Figure[] {
  const latency = (store: Store, title: string, belowMs: number): Figure[] => {
    const { latenciesMs } = seen[store]
    const figure = (name: string, what: string, ms: number): Figure => ({
      name: `e-${store}-${name}`,
      what: `accepted → visible in ${title}, ${what}`,
      unit: 'ms',
      rounds: [ms],
    })
    return [
      figure('p50', 'median', medianOf(latenciesMs)),
      {
        ...figure('p99', '99th percentile', percentileOf(latenciesMs, 99)),
        target: { rule: 'below', value: belowMs },
      },
      figure('max', 'longest', longestOf(seen[store])),
    ]
  }
  return [
    {
      name: 'e-rate',
      what: 'highest rate at which every store keeps up',
      unit: 'events/s',
      rounds: [highest],
    },
    {
      name: 'e-half',
      what: 'offered and accepted meanwhile',
      unit: 'events/s',
      rounds: [half],
      generatorCpu: [held.senderBusy],
    },
    ...latency('redis', 'Redis', 50),
    ...latency('mongodb', 'MongoDB', 300),
  ]
}

const longestOf = ({ latenciesMs }: Seen) => Math.max(0, ...latenciesMs)

/** How often a store was looked at: usually, and when it took longest but for one in a hundred. */
function resolution({ pollsMs }: Seen): string {
  return `${formatNumber(medianOf(pollsMs))} ms, p99 ${formatNumber(percentileOf(pollsMs, 99))} ms`
}
