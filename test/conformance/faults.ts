// The columns of faults: what is done to a hop, and what must be true afterwards. In all of them every event that was
// acknowledged is there in the end, first comers in order per origin and partition, and at sinks that leave
// repetitions out exactly once (scene.ts, `arrived`).
import assert from 'node:assert/strict'
import { until } from '../until.ts'
import type { Scene, Settings } from './scene.ts'

export const faultNames = [
  'hop restarts',
  'sink down',
  'receiver restarts',
  'shutdown',
  'slow sink',
  'oversized batch',
  'late duplicate',
  'none',
] as const
export type FaultName = (typeof faultNames)[number]

export type Fault = { settings?: Settings; run(scene: Scene): Promise<void> }

const FEW = 12
const SOME = 30
const ROUND_TRIP_MS = 60
/** How long an intake's clients wait while its sink is down, and what they may queue: some 170 events. */
const SHORT: Settings = { deadlineMs: 300, queueBytes: 65_536 }

/** Some events are on their way: the far side has a part of them, and the hop does not know it. */
async function holdMidBatch({ feed, feedAll, arrived, handled, hop, more }: Scene) {
  const before = await feedAll(FEW)
  const { distinct } = await arrived()
  await handled(distinct)
  hop.way.holdAnswers()
  const feeding = feed(SOME)
  await more(distinct)
  return { before, feeding }
}

export const faults: Record<FaultName, Fault> = {
  none: {
    async run({ feedAll, arrived }) {
      assert.equal((await feedAll(SOME)).length, SOME)
      const { distinct, repeated } = await arrived()
      assert.deepEqual([distinct, repeated], [SOME, 0])
    },
  },

  'sink down': {
    settings: SHORT,
    async run({ source, sink, feed, feedAll, settle, arrived, ready, hop, observer }) {
      await feedAll(FEW)
      await arrived()
      if (sink.heardOnly) await observer.leave!()
      else hop.way.refuse()
      const { events, refusals } = source.whileDown
      const { accepted, refused } = await feed(events)
      if (!source.keeps) assert.deepEqual(accepted, [], 'acknowledged what no sink has')
      if (refusals.length === 0) assert.deepEqual(refused, [])
      const reasons = [...new Set(refused)]
      for (const expected of refusals)
        assert.ok(
          reasons.some((reason) => expected.test(reason)),
          `no ${expected} in: ${reasons.join(' | ')}`,
        )
      if (sink.heardOnly) await observer.comeBack!()
      else {
        await until('readiness says it', () => hop.notReady() !== undefined)
        await hop.way.allow()
        // Without new events, because who is not ready gets none.
        await ready()
      }
      await settle()
      await feedAll(FEW)
      await arrived()
    },
  },

  'hop restarts': {
    async run(scene) {
      const { source, kill, start, settle, feedAll, arrived } = scene
      const { before, feeding } = await holdMidBatch(scene)
      kill()
      const { accepted } = await feeding
      if (!source.keeps) assert.deepEqual(accepted, [], 'acknowledged what no sink has')
      await start()
      await settle()
      const after = await feedAll(FEW)
      await (source.loses ? arrived([...before, ...after]) : arrived())
    },
  },

  'receiver restarts': {
    async run(scene) {
      const { hop, observer, settle, feedAll, arrived } = scene
      const { feeding } = await holdMidBatch(scene)
      hop.way.refuse()
      await observer.leave?.()
      await observer.comeBack?.()
      await hop.way.allow()
      await feeding
      await settle()
      await feedAll(FEW)
      await arrived()
    },
  },

  shutdown: {
    async run(scene) {
      const { source, hop, stop, start, settle, feedAll, arrived } = scene
      const { feeding } = await holdMidBatch(scene)
      const stopping = stop()
      hop.way.releaseAnswers()
      const { accepted } = await feeding
      await stopping
      assert.ok(accepted.length > 0, 'nothing that was in flight was answered')
      // What a log or stream keeps is for the next reader; what the hop itself took is with its sinks.
      if (source.loses) await arrived()
      await start()
      await settle()
      await feedAll(FEW)
      await arrived()
    },
  },

  'slow sink': {
    async run({ source, hop, feedAll, arrived }) {
      hop.way.delay(ROUND_TRIP_MS)
      const began = performance.now()
      await feedAll(SOME)
      await arrived()
      const tookMs = performance.now() - began
      if (!source.keeps) assert.ok(tookMs >= ROUND_TRIP_MS, `acknowledged after ${tookMs} ms`)
    },
  },

  'oversized batch': {
    async run({ source, hop, feeder, feedAll, arrived }) {
      await feedAll(FEW)
      assert.match(await feeder.feedTooMuch(), source.tooMuch)
      assert.equal(hop.notReady(), undefined)
      await feedAll(FEW)
      const { distinct } = await arrived()
      assert.equal(distinct, 2 * FEW)
    },
  },

  'late duplicate': {
    async run({ feeder, note, feedAll, arrived }) {
      await feedAll(FEW)
      await arrived()
      await feedAll(FEW)
      const ids = new Set(note(await feeder.repeat!()).accepted)
      assert.ok(ids.size > 0)
      await feedAll(FEW)
      await arrived()
    },
  },
}
