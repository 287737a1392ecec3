// One cell's own hop, between a feeder and an observer, with ways that can be broken.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { findFreePort } from '../../local/ports.ts'
import { startHop, type RunningHop } from '../../services/hop/hop.ts'
import type { Log } from '../../services/lib/log.ts'
import { startProxy, type Proxy } from '../proxy.ts'
import { until } from '../until.ts'
import type { Fed } from './feeder.ts'
import { hopOf, type SinkRow, type SourceRow } from './rows.ts'
import type { Stores } from './stores.ts'

/** Above what a lease or a group takes to pass to the next reader. */
const DEADLINE_MS = 15_000
/** Stores are looked at no more often. */
const LOOK_MS = 10

/** Of what the hop says; shown when its cell fails. */
const KEPT_LINES = 12

/** What a fault wants of the hop's own settings. */
export type Settings = { deadlineMs?: number; queueBytes?: number }

type Hop = Pick<RunningHop, 'notReady'> & {
  way: Proxy
  handled: () => Promise<number>
  stop: () => Promise<void>
}

export type Scene = Awaited<ReturnType<typeof openScene>>

/** Hops that were left for dead are added to `dying`; they end by themselves, later. */
export async function openScene(
  stores: Stores,
  source: SourceRow,
  sink: SinkRow,
  settings: Settings,
  dying: Promise<void>[],
) {
  const name = `conf-${randomBytes(5).toString('hex')}`
  const releases: (() => unknown)[] = []
  const close = async () => {
    for (const release of releases.splice(0).toReversed()) await release()
  }
  const lines: string[] = []
  const say: Log['info'] = (message, fields) => {
    const text = JSON.stringify(fields, (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    lines.push(`${message} ${text}`)
    if (lines.length > KEPT_LINES) lines.shift()
  }
  const log = { debug: say, info: say, warn: say, error: say }
  const observerPort = await findFreePort()
  let hop: Hop | undefined
  const start = async () => {
    const port = await findFreePort()
    const way = await sink.way(stores, observerPort)
    const steps: (() => unknown)[] = [() => way.close()]
    let stopped: Promise<void> | undefined
    const stop = () =>
      (stopped ??= (async () => {
        for (const step of steps.splice(0).toReversed()) await step()
      })())
    const own = { ...hopOf(name, source.from(stores, name, port), sink.to(name, way.port)), ...settings }
    hop = { notReady: () => 'starting', handled: () => Promise.resolve(0), way, stop }
    const { notReady, metrics } = await startHop(own, log, {
      onStop: (_step, release) => steps.push(release),
      running: () => stopped === undefined,
      fail: (cause) => assert.fail(String(cause)),
    })
    const handled = async () => (await metrics.records.get()).values[0]?.value ?? 0
    hop = { notReady, handled, way, stop }
    await ready()
    front?.lead(port)
    await front?.allow()
  }
  const ready = async () => {
    await until('the hop is ready', () => hop!.notReady() === undefined, DEADLINE_MS).catch(() =>
      assert.fail(`the hop does not get ready: ${hop!.notReady()}`),
    )
  }

  let front: Proxy | undefined
  try {
    await source.prepare?.(stores, name)
    await sink.prepare?.(stores, name)
    const observer = await sink.open(stores, name, observerPort)
    releases.push(() => observer.close())
    if (source.listens) {
      front = await startProxy(0)
      front.refuse()
      releases.push(() => front!.close())
    }
    releases.push(() => hop?.stop())
    await start()
    const feeder = await source.open(stores, name, front?.port ?? 0)
    releases.push(() => feeder.close())

    const accepted: string[] = []
    const note = (fed: Fed) => {
      accepted.push(...fed.accepted)
      return fed
    }
    const settle = async () => {
      let reason: string | undefined
      await until(
        'everything is accepted',
        async () => ([reason] = note(await feeder.again()).refused) && reason === undefined,
        DEADLINE_MS,
        LOOK_MS,
      ).catch(() => assert.fail(`not everything gets accepted: ${reason}`))
    }
    /** Waits until all of `ids` are there, and checks what must hold then whatever happened. */
    const arrived = async (ids: string[] = accepted) => {
      let lacking: string[] = []
      let trouble: unknown
      await until(
        'what was accepted is there',
        async () => {
          try {
            const { has } = await observer.look()
            lacking = ids.filter((id) => !has(id))
            return lacking.length === 0
          } catch (cause) {
            // A topic that was just made may not have its leader yet.
            trouble = cause
            return false
          }
        },
        DEADLINE_MS,
        LOOK_MS,
      ).catch(() => {
        const some = `${lacking.length} of ${ids.length} accepted events are lost: ${lacking[0]} …`
        throw new Error(some, { cause: trouble })
      })
      assert.equal(new Set(accepted).size, accepted.length, 'an id was given twice')
      const seen = await observer.look()
      assert.equal(seen.disorder, undefined)
      if (sink.dedupes) assert.equal(seen.repeated, 0, 'events were counted again')
      if (ids === accepted) assert.equal(seen.missing, 0, 'numbers are missing below others')
      return seen
    }
    return {
      source,
      sink,
      /** What the hop said last. */
      lines,
      feeder,
      observer,
      accepted,
      get hop() {
        return hop!
      },
      ready,
      start,
      /** Offers events once. */
      feed: async (count: number) => note(await feeder.feed(count)),
      note,
      settle,
      /** Offers events until all are accepted; the ids of those. */
      async feedAll(count: number) {
        const from = accepted.length
        note(await feeder.feed(count))
        await settle()
        return accepted.slice(from)
      },
      arrived,
      /** Waits until the hop knows that its sink has `count` events, and nothing is under way. */
      handled: (count: number) =>
        until('the hop has its answers', async () => (await hop!.handled()) >= count, DEADLINE_MS),
      /** Waits until the far side has more events than `before`, or has answered something else first. */
      more: (before: number) =>
        until(
          'the first events are there',
          async () => {
            if ((await observer.look()).distinct > before) return true
            return source.asksFirst === true && sink.asksFirst === true && hop!.way.holdsOne()
          },
          DEADLINE_MS,
          LOOK_MS,
        ),
      /** As SIGKILL looks from outside: every connection breaks, and nothing comes of it any more. */
      kill() {
        front?.refuse()
        hop!.way.refuse()
        dying.push(hop!.stop())
        hop = undefined
      },
      async stop() {
        const stopping = hop!.stop()
        hop = undefined
        await stopping
      },
      front,
      close,
    }
  } catch (cause) {
    await close()
    throw cause
  }
}
