// (c) WebSocket → Redis beside HINCRBY, one for each event, on the same Redis.
import { createClient, type RedisClientType } from 'redis'
import { loadEventType } from '../../services/lib/event-type.ts'
import { viewsOf } from '../../services/lib/views.ts'
import { createOrigin, makeTemplates, type Template } from './batches.ts'
import type { Bench } from './bench.ts'
import { openFeed } from './link-feed.ts'
import { compileFrame } from './link-frames.ts'
import { createIncrements } from './pipelined-increments.ts'
import { endpointsOf, startHop } from './programs.ts'
import { withReleases } from './releases.ts'
import { formatNumber, type Figure, type Section, type Target } from './report.ts'
import { ratiosOf } from './statistics.ts'
import { takeTurns } from './turns.ts'

/** Whole batches of each size, and whole pipelines of 64. */
const full = { rounds: 5, events: 3_000_000, warmUpEvents: 1_000_000 }
const quick = { rounds: 2, events: 1_000_000, warmUpEvents: 512_000 }
/** Two intakes, say; each numbers its own events. */
const LINKS = 2
/** Different batches, so that no cache knows the bytes by heart. */
const TEMPLATES = 12

const contestants = ['hincrby', 'c500', 'c2000'] as const
type Contestant = (typeof contestants)[number]

type Measured = { perSecond: number; redisMicros: number; feederCpu: number }

export function measureWsRedis(bench: Bench): Promise<Section> {
  const { stack, pipeline, rows, uniqueName, say } = bench
  const { rounds, events, warmUpEvents } = bench.quick ? quick : full
  const { partitions } = pipeline.topic
  const eventType = loadEventType(pipeline.event)
  const name = uniqueName('views')
  const templates = {
    c500: makeTemplates(rows, eventType, partitions, 500, TEMPLATES),
    c2000: makeTemplates(rows, eventType, partitions, 2_000, TEMPLATES),
  }
  const keys = viewsOf(eventType.schema, name)
  const baselineKey = `{${name}}:increments`

  return withReleases(async (defer) => {
    const redis: RedisClientType = createClient({ url: stack.redisUrl })
    await redis.connect()
    defer(() => Promise.resolve(redis.destroy()))
    defer(() => removeKeys(redis, `{${name}}:*`))
    const increments = await createIncrements(stack.redisUrl)
    const hop = await startHop(defer, {
      event: pipeline.event,
      pipeline: name,
      partitions,
      name: 'live-writer',
      from: 'ws',
      to: endpointsOf(stack).redis,
    })
    const sent = { events: 0, increments: 0, keys: new Map<string, number>() }

    const runs: Record<Contestant, (count: number) => Promise<number>> = {
      async hincrby(count) {
        sent.increments += count
        return increments.run(baselineKey, 'field', count)
      },
      c500: (count) => feed(templates.c500, count),
      c2000: (count) => feed(templates.c2000, count),
    }
    const feed = (of: Template[], count: number) =>
      withReleases(async (deferFeed) => {
        const frames = of.map(compileFrame)
        const batches = count / of[0]!.records
        let begun = 0
        const feeds = await Promise.all(
          Array.from({ length: LINKS }, async () => {
            const link = await openFeed(deferFeed, hop.address)
            return { link, origin: createOrigin(uniqueName('origin')) }
          }),
        )
        const startedAt = performance.now()
        await Promise.all(
          feeds.map(({ link, origin }) =>
            link.send((number) => {
              if (begun === batches) return undefined
              const template = begun++ % of.length
              for (const { keys: counts } of of[template]!.runs)
                for (const [key, n] of counts) sent.keys.set(key, (sent.keys.get(key) ?? 0) + n)
              return frames[template]!(number, origin)
            }),
          ),
        )
        const seconds = (performance.now() - startedAt) / 1_000
        sent.events += count
        return count / seconds
      })

    const measure = async (contestant: Contestant, count: number): Promise<Measured> => {
      const cpuBefore = process.cpuUsage()
      const startedAt = performance.now()
      const redisBefore = await redisCpuMicros(redis)
      const perSecond = await runs[contestant](count)
      const redisMicros = ((await redisCpuMicros(redis)) - redisBefore) / count
      const cpu = process.cpuUsage(cpuBefore)
      const feederCpu = (cpu.user + cpu.system) / 1_000 / (performance.now() - startedAt)
      return { perSecond, redisMicros, feederCpu }
    }
    for (const contestant of contestants) {
      say(`warming up: ${contestant}`)
      await measure(contestant, warmUpEvents)
    }
    const results = await takeTurns(rounds, contestants, (contestant) => measure(contestant, events), say)

    const counted = {
      increments: Number(await redis.hGet(baselineKey, 'field')),
      events: Number(await redis.get(keys.total)),
    }
    if (counted.increments !== sent.increments || counted.events !== sent.events) {
      throw new Error(
        `sent ${JSON.stringify({ ...sent, keys: undefined })}, counted ${JSON.stringify(counted)}`,
      )
    }
    for (const view of keys.views) {
      if (view.kind === 'count' && view.fields.length === 1)
        expectCounts(view.key, await redis.hGetAll(view.key), sent.keys)
    }
    return {
      title: `WebSocket → Redis: ${rounds} × ${formatNumber(events)} events, in turn with ${increments.name}`,
      figures: figuresOf(results),
      remarks: [
        `${LINKS} links, each an origin of its own over ${partitions} partitions; every count is exact afterwards`,
      ],
    }
  })
}

function figuresOf(results: Record<Contestant, Measured[]>): Figure[] {
  const whats = {
    hincrby: 'HINCRBY, pipelined',
    c500: 'ws → redis, batches of 500',
    c2000: 'ws → redis, batches of 2,000',
  }
  const figure = (name: Contestant, of: 'perSecond' | 'redisMicros', target: Target): Figure => {
    const rounds = (whose: Contestant) => results[whose].map((measured) => measured[of])
    const speed = of === 'perSecond'
    return {
      name: speed ? name : `${name}-cpu`,
      what: speed ? whats[name] : `  Redis CPU per event`,
      unit: speed ? 'events/s' : 'µs',
      rounds: rounds(name),
      ...(name !== 'hincrby' && {
        ratio: { to: 'hincrby', rounds: ratiosOf(rounds(name), rounds('hincrby')) },
        target,
        ...(speed && { generatorCpu: results[name].map(({ feederCpu }) => feederCpu) }),
      }),
    }
  }
  return contestants.flatMap((name) => [
    figure(name, 'perSecond', { rule: 'at least', value: 1 }),
    figure(name, 'redisMicros', { rule: 'at most', value: 1 / 20 }),
  ])
}

function expectCounts(key: string, stored: Record<string, string>, sent: Map<string, number>): void {
  for (const name of new Set([...Object.keys(stored), ...sent.keys()])) {
    if (Number(stored[name] ?? 0) !== (sent.get(name) ?? 0))
      throw new Error(`${key} ${name}: is ${stored[name]}, and ${sent.get(name)} were sent`)
  }
}

async function redisCpuMicros(redis: RedisClientType): Promise<number> {
  const info = await redis.info('cpu')
  const seconds = ['used_cpu_user', 'used_cpu_sys'].map((field) =>
    Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1]),
  )
  return (seconds[0]! + seconds[1]!) * 1_000_000
}

async function removeKeys(redis: RedisClientType, pattern: string): Promise<void> {
  for await (const keys of redis.scanIterator({ MATCH: pattern })) {
    if (keys.length > 0) await redis.unlink(keys)
  }
}
