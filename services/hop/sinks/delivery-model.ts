// The delivery of docs/design.md as random interleavings of intakes, a log that holds duplicates, holes and gaps, a fast path that
// drops batches, two log readers and their zombies, a Redis failover that forgets acknowledged writes, lost answers,
// crashes and rebalances. At the end every view must equal a recount of the log. Everything but the steps is real:
// the script, the writer, the reading of records. A worker of view-script.it.ts, because node:test's watch over every
// promise would double the time.
import { create } from '@bufbuild/protobuf'
import type { KafkaMessage } from 'kafkajs'
import { randomUUID } from 'node:crypto'
import { BatchSchema, LogRangeSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { loadEventType } from '../../lib/event-type.ts'
import { formatIdentity, IDENTITY_HEADER } from '../../lib/kafka.ts'
import { viewsOf } from '../../lib/views.ts'
import { joinBatches, Verdict, type Batch, type Outcome, type Sink } from '../batch.ts'
import { attempt } from '../deliver.ts'
import { createHopMetrics } from '../metrics.ts'
import { createRecordReader, runsOf } from '../sources/kafka-records.ts'
import { quiet, randomFrom, readViews, recount, type Event, type Redis } from './view-samples.ts'
import { copyKeys, differences, play, takeSteps, type Step } from './play.ts'
import type { Call } from '../redis-connection.ts'
import { createViewWriter } from './view-writer.ts'

const STEPS = 200
const TOPIC = 'log'
/** As in sources/kafka.ts: a position that no log reaches. */
const NOWHERE = 9_007_199_254_740_991

const eventType = loadEventType('scenarios.WeatherTweet')
const readRecord = createRecordReader(eventType)
const metrics = createHopMetrics('model', 'model')
const tweets = ['Chile', 'Perú', 'Japan', 'Iceland', 'México'].flatMap((country) =>
  ['sol', 'lluvia ☔', 'snow'].map((text) => ({ country, text })),
)
const encoded = tweets.map((tweet) => Buffer.from(eventType.encode(tweet).bytes))

type Pending = { seq: number; timeUs: number; tweet: number }[]
type Intake = {
  origin: string
  seq: number
  skewUs: number
  lastUs: number
  alive: boolean
  pending: Pending | undefined
  fast: Batch[]
}
type Held = { batch: Batch; firstOffset: number; nextOffset: number }
type Reader = {
  sink: Sink
  /** As `Partition` in sources/kafka.ts, and where its consumer fetches next. */
  next: number | undefined
  gapAt: number | undefined
  fetchAt: number
  held: Held | undefined
}

/** Plays one interleaving. Returns how the views differ from the log, or nothing. */
async function simulate(seed: number, redis: Redis, send: Call): Promise<string | undefined> {
  const random = randomFrom(seed)
  const pipeline = `model-${randomUUID()}`
  const keys = viewsOf(eventType.schema, pipeline)
  const allKeys = [keys.fences, keys.positions, keys.origins, keys.total, ...keys.views.map(({ key }) => key)]
  const log: (KafkaMessage | undefined)[] = []
  const events = new Map<string, Event>()
  let nowUs = 1_790_000_000_000_000
  let committed = 0
  let snapshots = 0
  let nested = false
  let calm = false

  const call: Call = async (args) => {
    if (calm) return send(args)
    if (random(50) === 0) throw new Error('the command was lost')
    const answer = await send(args)
    if (args[0] === 'HMGET' && !nested && random(4) === 0) {
      nested = true
      await [fastPath, failOver, zombie][random(3)]!()
      nested = false
    }
    if (random(50) === 0) throw new Error('the answer was lost')
    return answer
  }
  const openSink = (): Sink => ({
    url: 'redis',
    write: createViewWriter(call, eventType, pipeline, quiet, metrics),
    notReady: () => undefined,
    close: () => Promise.resolve(),
  })
  const freshReader = (sink: Sink): Reader => ({
    sink,
    next: undefined,
    gapAt: undefined,
    fetchAt: committed,
    held: undefined,
  })
  const fastSink = openSink()
  const readers = [freshReader(openSink()), freshReader(openSink())]
  const zombies: { sink: Sink; batch: Batch }[] = []
  const intakes: Intake[] = []
  const newIntake = () =>
    intakes.push({
      origin: `o${intakes.length}`,
      seq: 0,
      skewUs: random(20_000_000),
      lastUs: 0,
      alive: true,
      pending: undefined,
      fast: [],
    })
  newIntake()
  newIntake()
  const anyIntake = () => intakes[random(intakes.length)]!
  const anyReader = () => readers[random(readers.length)]!

  const append = (
    id: string,
    timeUs: number,
    tweet: number,
    route: string,
    record: Partial<KafkaMessage> = {},
  ) => {
    events.set(id, {
      id,
      timeUs,
      route,
      document: { text: tweets[tweet]!.text, country: tweets[tweet]!.country },
    })
    const offset = String(log.length)
    const timestamp = String(Math.floor(timeUs / 1_000))
    log.push({
      key: null,
      value: encoded[tweet]!,
      offset,
      timestamp,
      attributes: 0,
      ...record,
    } as KafkaMessage)
  }
  const appendPending = ({ origin, pending }: Intake, without?: number) => {
    for (const { seq, timeUs, tweet } of pending ?? []) {
      const identity = formatIdentity(origin, 0, BigInt(seq), BigInt(timeUs), 'api')
      if (seq !== without)
        append(`${origin}-0-${seq}`, timeUs, tweet, 'api', { headers: { [IDENTITY_HEADER]: identity } })
    }
  }
  /** The intake's one batch in flight: lost on the way, appended without an answer, or acknowledged. */
  const takeIn = () => {
    const intake = anyIntake()
    if (!intake.alive) return
    if (!intake.pending) {
      const count = 1 + random(4)
      intake.pending = Array.from({ length: count }, () => {
        nowUs += random(3) === 0 ? 0 : random(2_000_000)
        intake.lastUs = Math.max(nowUs + intake.skewUs, intake.lastUs + 1)
        return { seq: ++intake.seq, timeUs: intake.lastUs, tweet: random(tweets.length) }
      })
    }
    const luck = random(20)
    if (luck === 0) {
      // One record went to the dead letters: a gap that the log itself has. The batch takes no fast path.
      appendPending(intake, intake.pending[random(intake.pending.length)]!.seq)
      intake.pending = undefined
    } else if (luck < 16) {
      appendPending(intake)
      if (luck < 12) {
        intake.fast.push(fastBatchOf(intake.origin, intake.pending))
        intake.pending = undefined
      }
    }
  }
  /** The fast path: dropped, joined with another lane's, or tried once. */
  const fastPath = async () => {
    const batches = [anyIntake(), anyIntake()]
      .slice(0, 1 + random(2))
      .flatMap(({ fast }) => fast.shift() ?? [])
    if (batches.length > 0 && random(5) > 0) await attempt(fastSink, joinBatches(batches))
  }
  const foreign = () => {
    const tweet = random(tweets.length)
    const timeUs = Math.floor(nowUs / 1_000) * 1_000
    const json = { value: Buffer.from(JSON.stringify(tweets[tweet])) }
    append(`${TOPIC}-0-${log.length}`, timeUs, tweet, TOPIC, random(2) === 0 ? json : {})
  }

  const rangeOf = (firstOffset: number, nextOffset: number) =>
    create(LogRangeSchema, {
      topic: TOPIC,
      partition: 0,
      firstOffset: BigInt(firstOffset),
      nextOffset: BigInt(nextOffset),
    })
  const seek = (reader: Reader, { position }: Outcome) => {
    reader.next = Number(position)
    reader.fetchAt = Number(position)
  }
  const probe = async (reader: Reader): Promise<Outcome> => {
    const at = reader.next ?? NOWHERE
    const outcome = await attempt(reader.sink, create(BatchSchema, { log: rangeOf(at, at) }))
    if (outcome.verdict === Verdict.REFUSED_BEHIND) seek(reader, outcome)
    return outcome
  }
  /** What `eachBatch` of sources/kafka.ts makes of the next messages. */
  const fetch = (reader: Reader): Held | undefined => {
    const messages = log
      .slice(reader.fetchAt, reader.fetchAt + 1 + random(6))
      .filter((it) => it !== undefined)
    const found = messages.length > 0 ? messages : log.slice(reader.fetchAt).filter((it) => it !== undefined)
    const slice = found.slice(0, 6)
    if (slice.length === 0) return undefined
    const first = Number(slice[0]!.offset)
    const firstOffset = reader.next !== undefined && reader.next <= first ? reader.next : first
    const nextOffset = Number(slice.at(-1)!.offset) + 1
    const { runs } = runsOf(slice, TOPIC, 0, BigInt(firstOffset), readRecord)
    const stepOverGaps = reader.gapAt !== undefined && nextOffset > reader.gapAt
    const batch = create(BatchSchema, { runs, log: rangeOf(firstOffset, nextOffset), stepOverGaps })
    return { batch, firstOffset, nextOffset }
  }
  const deliver = async (reader: Reader, { batch, firstOffset, nextOffset }: Held) => {
    const outcome = await attempt(reader.sink, batch)
    // Retried later, by the hop that owns it.
    if (outcome.verdict === Verdict.FAILED) return
    reader.held = undefined
    if (outcome.verdict === Verdict.STORED) {
      if (batch.stepOverGaps) reader.gapAt = undefined
      reader.next = reader.fetchAt = committed = nextOffset
      return
    }
    if (outcome.verdict === Verdict.REFUSED_GAP) reader.gapAt = firstOffset
    seek(reader, outcome)
  }
  /** A log reader takes a batch, and later, perhaps much later, writes it. */
  const read = async () => {
    const reader = anyReader()
    if (reader.held) return deliver(reader, reader.held)
    reader.held = fetch(reader)
    if (!reader.held && random(2) === 0) await probe(reader)
  }
  /** A reader starts again where its group had committed; what it had in hand may still be written. */
  const rebalance = async () => {
    const reader = anyReader()
    if (reader.held && random(2) === 0) zombies.push({ sink: reader.sink, batch: reader.held.batch })
    Object.assign(reader, freshReader(reader.sink))
    if (random(3) > 0) await probe(reader)
  }
  const zombie = async () => {
    const late = zombies.splice(random(zombies.length + 1), 1)[0]
    if (late) await attempt(late.sink, late.batch)
  }

  const snapshotOf = (n: number) => allKeys.map((key) => `${key}:snapshot-${n}`)
  const failOver = async () => {
    if (snapshots > 0) await copyKeys(redis, snapshotOf(random(snapshots)), allKeys)
  }
  const crash = () => {
    anyIntake().alive = false
    if (intakes.length < 6) newIntake()
  }
  const steps: Step[] = [
    [30, takeIn],
    [20, fastPath],
    [30, read],
    [6, rebalance],
    [4, zombie],
    [2, foreign],
    [2, () => log.push(undefined)], // an offset that holds no record
    [4, () => copyKeys(redis, allKeys, snapshotOf(snapshots++))],
    [3, failOver],
    [3, crash],
  ]
  await takeSteps(steps, STEPS, random)

  calm = true
  for (const intake of intakes) if (intake.alive) appendPending(intake) // retried until acknowledged
  const last = freshReader(readers[0]!.sink)
  await probe(last)
  for (let tries = 0; ; tries++) {
    if (tries === 1_000) throw new Error(`seed ${seed}: the reader does not reach the end of the log`)
    const held = fetch(last)
    if (held) await deliver(last, held)
    else if ((await probe(last)).verdict === Verdict.STORED) break
  }
  // The view has everything, so the latest of late writers changes nothing.
  for (const reader of readers) if (reader.held) await attempt(reader.sink, reader.held.batch)
  for (const late of zombies) await attempt(late.sink, late.batch)
  for (const batch of intakes.flatMap(({ fast }) => fast)) await attempt(fastSink, batch)

  const stored = await readViews(redis, keys)
  const expected = recount(keys, [...events.values()])
  const used = [allKeys, ...Array.from({ length: snapshots }, (_, n) => snapshotOf(n))].flat()
  await redis.unlink(used)
  const wrong = differences(stored, expected, pipeline)
  return (
    wrong &&
    `seed ${seed} differs in ${wrong}: total ${JSON.stringify(stored[keys.total])}, log ${events.size}`
  )

  function fastBatchOf(origin: string, pending: Pending): Batch {
    const messages = pending.map(({ seq, timeUs, tweet }) => ({
      value: encoded[tweet]!,
      headers: { [IDENTITY_HEADER]: formatIdentity(origin, 0, BigInt(seq), BigInt(timeUs), 'api') },
      offset: '0',
    }))
    const { runs } = runsOf(messages as unknown as KafkaMessage[], TOPIC, 0, 0n, readRecord)
    for (const run of runs) run.offsetDeltas = []
    return create(BatchSchema, { runs })
  }
}

await play(simulate)
