// The delivery from a log in MongoDB as random interleavings: inserts that become visible late, in parts, twice or
// never; a channel that loses batches; a fast path that drops them; a reader that starts again while what it had in
// hand is written late; a Redis failover that forgets acknowledged writes; lost commands and answers. At the end every
// view must equal a recount of the log. The script, the writer and the reader are the real ones. A worker of
// log-looks.it.ts.
import { create } from '@bufbuild/protobuf'
import { randomUUID } from 'node:crypto'
import { BatchSchema } from '../../../proto/gen/freshet/v1/hop_pb.ts'
import { loadEventType } from '../../lib/event-type.ts'
import type { EventDocument, MongoPlace } from '../../lib/mongo.ts'
import { viewsOf } from '../../lib/views.ts'
import { joinBatches, outcomes, type Batch, type Deliver, type Sink } from '../batch.ts'
import { attempt } from '../deliver.ts'
import { createHopMetrics } from '../metrics.ts'
import type { Call } from '../redis-connection.ts'
import { copyKeys, differences, play, takeSteps, type Step } from '../sinks/play.ts'
import { quiet, randomFrom, readViews, recount, type Event, type Redis } from '../sinks/view-samples.ts'
import { createViewWriter } from '../sinks/view-writer.ts'
import { readDocument, runsOfEvents, type LoggedEvent } from './documents.ts'
import { createLogLooks, logRules, type Documents, type LogLooks } from './log-looks.ts'

const STEPS = 200
/** An insert is visible after this long or never; below the grace of gaps, and that below the overlap. */
const LONGEST_INSERT_MS = 15_000

const eventType = loadEventType('scenarios.WeatherTweet')
const metrics = createHopMetrics('model', 'model')
const tweets = ['Chile', 'Perú', 'Japan', 'Iceland'].flatMap((country) =>
  ['sol', 'lluvia ☔'].map((text) => ({ country, text })),
)

/** An insert under way: it becomes visible whole or in part, whatever becomes of its sender. */
type Insert = { documents: EventDocument[]; atMs: number }
type Intake = {
  origin: string
  seq: number
  lastUs: number
  alive: boolean
  /** Numbered, and not yet acknowledged by the log. */
  pending: EventDocument[] | undefined
  insert: Insert | undefined
  /** When a part of it was seen: the rest follows within the longest insert, or never. */
  partAtMs: number | undefined
  fast: Batch[]
}

const broken: Record<string, Partial<typeof logRules>> = {
  overlap: { overlapMs: 0 },
  grace: { gapGraceMs: 0 },
  marks: { marks: false },
}

async function simulate(
  seed: number,
  redis: Redis,
  send: Call,
  rule: string | undefined,
): Promise<string | undefined> {
  const random = randomFrom(seed)
  const pipeline = `log-model-${randomUUID()}`
  const keys = viewsOf(eventType.schema, pipeline)
  const allKeys = [keys.fences, keys.positions, keys.origins, keys.total, ...keys.views.map(({ key }) => key)]
  const visible = new Map<string, EventDocument>()
  const inserts = new Set<Insert>()
  const intakes: Intake[] = []
  let nowMs = 1_790_000_000_000
  let snapshots = 0
  const forgotten: string[][] = []
  let nested = false
  let calm = false

  const call: Call = async (args) => {
    if (calm) return send(args)
    if (random(50) === 0) throw new Error('the command was lost')
    const answer = await send(args)
    if (args[0] === 'HMGET' && random(4) === 0) await meanwhile()
    if (random(50) === 0) throw new Error('the answer was lost')
    return answer
  }
  /** Something that happens between two steps of another. */
  const meanwhile = async () => {
    if (nested || calm) return
    nested = true
    const happenings: (() => unknown)[] = [fastPath, failOver, zombie, land, snapshot]
    await happenings[random(happenings.length)]!()
    nested = false
  }
  const openSink = (): Sink => ({
    url: 'redis',
    write: createViewWriter(call, eventType, pipeline, quiet, metrics),
    notReady: () => undefined,
    close: () => Promise.resolve(),
  })
  const [fastSink, readSink] = [openSink(), openSink()]

  const zombies: Batch[] = []
  const deliver: Deliver = async (batch) => {
    // The reader is killed, and what it had in hand is written later, if at all.
    if (!calm && random(60) === 0) {
      zombies.push(batch)
      return outcomes.failed('killed')
    }
    for (;;) {
      const outcome = await attempt(readSink, batch)
      if (outcome.reason === '' || outcome.verdict !== outcomes.failed('').verdict) return outcome
    }
  }
  const documents: Documents = {
    count: () => Promise.resolve(visible.size),
    async *since(at) {
      const found = [...visible.values()].filter(({ log }) => 'at' in log! && log.at >= at)
      for (const document of found.toSorted((a, b) => atOf(a) - atOf(b))) {
        if (random(10) === 0) await meanwhile()
        yield document
      }
    },
    byIds: (ids) => Promise.resolve(ids.flatMap((id) => visible.get(id) ?? [])),
  }
  const never = new AbortController().signal
  const rules = { ...logRules, batchRecords: 5, ...broken[rule ?? ''] }
  const openReader = (): LogLooks =>
    createLogLooks(documents, eventType, deliver, never, quiet, () => nowMs, rules)
  let reader = openReader()

  const newIntake = () =>
    intakes.push({
      origin: `o${intakes.length}`,
      seq: 0,
      lastUs: 0,
      alive: true,
      pending: undefined,
      insert: undefined,
      partAtMs: undefined,
      fast: [],
    })
  newIntake()
  newIntake()
  const anyIntake = () => intakes[random(intakes.length)]!

  const number = (intake: Intake): EventDocument[] =>
    Array.from({ length: 1 + random(4) }, () => {
      intake.lastUs = Math.max(nowMs * 1_000 + random(1_000), intake.lastUs + 1)
      const timeUs = intake.lastUs
      return {
        _id: `${intake.origin}-0-${++intake.seq}`,
        ...tweets[random(tweets.length)],
        time: new Date(Math.floor(timeUs / 1_000)),
        route: 'api',
        log: { at: new Date(nowMs), timeUs },
      }
    })
  const stamp = (document: EventDocument): EventDocument => ({
    ...document,
    log: { ...(document.log as MongoPlace), at: new Date(nowMs) },
  })
  const begin = (intake: Intake) => {
    intake.insert = { atMs: nowMs, documents: intake.pending!.map(stamp) }
    inserts.add(intake.insert)
  }
  const show = (list: EventDocument[]) => {
    for (const document of list) if (!visible.has(document._id)) visible.set(document._id, document)
  }
  /** An intake numbers a batch, and begins to insert it. */
  const takeIn = () => {
    const intake = anyIntake()
    if (!intake.alive || intake.insert) return
    intake.pending ??= number(intake)
    const luck = random(20)
    // The channel lost the batch, and nobody knows; or the log refused one event for good.
    if (luck === 0) intake.pending = undefined
    else if (luck === 1) intake.pending.splice(random(intake.pending.length), 1)
    if (intake.pending?.length === 0) intake.pending = undefined
    if (intake.pending) begin(intake)
  }
  /** An insert lands. Its sender hears of it, or tries again, or is no more. */
  const land = () => {
    const all = [...inserts]
    const insert = all[random(all.length)]
    if (!insert) return
    const intake = intakes.find((one) => one.insert === insert)
    if (intake && intake.partAtMs === undefined && random(6) === 0) {
      show(insert.documents.filter(() => random(2) === 0))
      intake.partAtMs = nowMs
      return
    }
    finish(insert, intake)
  }
  const finish = (insert: Insert, intake: Intake | undefined) => {
    inserts.delete(insert)
    // Of a dead sender's insert nothing lands, or all of it.
    if (!intake || intake.partAtMs !== undefined || random(8) > 0) show(insert.documents)
    if (!intake) return
    const answered = random(5) > 0
    intake.insert = undefined
    intake.partAtMs = undefined
    const stored = intake.pending!.every(({ _id }) => visible.has(_id))
    if (stored && answered) {
      intake.fast.push(create(BatchSchema, { runs: runsOfEvents(intake.pending!.map(eventOf)) }))
      intake.pending = undefined
    }
  }
  /** Time passes; what is under way for the longest time ends. */
  const wait = () => {
    nowMs += random(4_000)
    for (const insert of inserts) {
      const intake = intakes.find((one) => one.insert === insert)
      if (nowMs - insert.atMs > LONGEST_INSERT_MS - 5_000) finish(insert, intake)
    }
  }
  const fastPath = async () => {
    const batches = [anyIntake(), anyIntake()]
      .slice(0, 1 + random(2))
      .flatMap(({ fast }) => fast.shift() ?? [])
    if (batches.length > 0 && random(4) > 0) await attempt(fastSink, joinBatches(batches))
  }
  const zombie = async () => {
    const late = zombies.splice(random(zombies.length + 1), 1)[0]
    if (late) await attempt(readSink, late)
  }
  const snapshotOf = (n: number) => allKeys.map((key) => `${key}:snapshot-${n}`)
  const snapshot = () => copyKeys(redis, allKeys, snapshotOf(snapshots++))
  const failOver = async () => {
    if (snapshots === 0) return
    const taken = random(snapshots)
    await copyKeys(redis, snapshotOf(taken), allKeys)
    // What it had later is no more, on any replica.
    forgotten.push(...Array.from({ length: snapshots - taken - 1 }, (_, n) => snapshotOf(taken + 1 + n)))
    snapshots = taken + 1
  }
  const crash = () => {
    const intake = anyIntake()
    intake.alive = false
    intake.insert = undefined
    if (intakes.length < 6) newIntake()
  }
  const steps: Step[] = [
    [30, takeIn],
    [30, land],
    [15, wait],
    [20, fastPath],
    [15, () => reader.look()],
    [2, () => (reader = openReader())],
    [4, zombie],
    [4, snapshot],
    [3, failOver],
    [2, crash],
  ]
  await takeSteps(steps, STEPS, random)

  for (const insert of inserts)
    finish(
      insert,
      intakes.find((one) => one.insert === insert),
    )
  calm = true
  // Retried until acknowledged.
  for (const { alive, pending } of intakes) if (alive && pending) show(pending.map(stamp))
  // Later than any overlap would still cover, so that only what the reader does counts.
  for (let idle = 0, tries = 0; idle < 20; tries++) {
    if (tries === 500) throw new Error(`seed ${seed}: the reader does not come to rest`)
    nowMs += 3_000
    idle = (await reader.look()) ? 0 : idle + 1
  }
  for (const late of zombies) await attempt(readSink, late)
  for (const batch of intakes.flatMap(({ fast }) => fast)) await attempt(fastSink, batch)

  const stored = await readViews(redis, keys)
  const expected = recount(keys, [...visible.values()].map(shownAs))
  const used = Array.from({ length: snapshots }, (_, n) => snapshotOf(n))
  await redis.unlink([allKeys, ...used, ...forgotten].flat())
  const wrong = differences(stored, expected, pipeline)
  return (
    wrong &&
    `seed ${seed} differs in ${wrong}: total ${JSON.stringify(stored[keys.total])}, log ${visible.size}`
  )
}

function atOf({ log }: EventDocument): number {
  return log && 'at' in log ? log.at.getTime() : 0
}

function eventOf(document: EventDocument): LoggedEvent {
  return readDocument(document, eventType)!
}

function shownAs(document: EventDocument): Event {
  const { timeUs } = eventOf(document)
  const { text, country } = document as unknown as { text: string; country: string }
  return { id: document._id, timeUs, route: document.route, document: { text, country } }
}

await play(simulate)
