// Keeps the live views: one script call a batch.
import { createHash } from 'node:crypto'
import { createClient } from 'redis'
import type { Endpoint } from '../../lib/endpoint.ts'
import { reasonOf } from '../../lib/errors.ts'
import type { EventType } from '../../lib/event-type.ts'
import type { Log } from '../../lib/log.ts'
import { redisTypes, viewsOf } from '../../lib/views.ts'
import { outcomes, type Batch, type Outcome, type Run, type Sink } from '../batch.ts'
import type { HopMetrics } from '../metrics.ts'
import { pruneScript, viewScript } from './view-script.ts'
import { compileSums, type Part } from './view-sums.ts'

const CALL_DEADLINE_MS = 5_000
/** Commands that wait for an answer; the lanes of a hop send one at a time each. */
const MAX_COMMANDS = 1_000
/** Every lost race against another writer moves a fence, so a batch is done after a few. */
const MAX_ROUNDS = 10

export async function createRedisSink(
  endpoint: Endpoint,
  eventType: EventType,
  pipeline: string,
  log: Log,
  metrics: HopMetrics,
): Promise<Sink> {
  const keys = viewsOf(eventType.schema, pipeline)
  const allKeys = [keys.fences, keys.positions, keys.origins, keys.total, ...keys.views.map(({ key }) => key)]
  const types = ['hash', 'hash', 'hash', 'string', ...keys.views.map(({ kind }) => redisTypes[kind])]
  const sum = compileSums(eventType, keys.views)
  const noSums = keys.views.flatMap(({ kind }) => [kind, '0', '0'])
  const pruned = new Map<string, bigint>()
  let down: string | undefined = 'not connected yet'

  const client = createClient({
    url: `redis://${endpoint.hosts[0]}`,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_COMMANDS,
    socket: { connectTimeout: 2_000, reconnectStrategy: (tries) => Math.min(20 * 2 ** tries, 500) },
  })
  client.on('ready', () => (down = undefined))
  client.on('error', (cause) => {
    if (!down) log.warn('redis is away', { cause: reasonOf(cause) })
    down = reasonOf(cause)
  })
  // Never awaited: it resolves when Redis first answers, which may be later than the start.
  client.connect().catch((cause: unknown) => log.warn('redis did not answer', { cause: reasonOf(cause) }))

  const call = async (args: string[]): Promise<unknown> => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`redis: no answer in ${CALL_DEADLINE_MS} ms`)),
        CALL_DEADLINE_MS,
      )
    })
    try {
      return await Promise.race([client.sendCommand(args), late])
    } finally {
      clearTimeout(timer)
    }
  }
  const runScript = scriptRunner(call)

  /** One call of the script. */
  const apply = async (parts: Part[], { log: range, stepOverGaps }: Batch) => {
    const sums = parts.length > 0 ? sum(parts) : { total: 0, invalid: 0, args: noSums }
    const args = [...types, range ? `${range.topic}-${range.partition}` : '']
    args.push(String(range?.firstOffset ?? 0), String(range?.nextOffset ?? 0), String(parts.length))
    for (const { run, skip } of parts) {
      const kind = run.foreign ? 'foreign' : stepOverGaps ? 'step' : 'dense'
      const last = run.firstSeq + BigInt(run.count - 1)
      const lastOffset = range ? String(range.firstOffset + BigInt(run.offsetDeltas.at(-1) ?? 0)) : ''
      args.push(nameOf(run), String(run.firstSeq + BigInt(skip)), String(last), kind, lastOffset)
    }
    args.push(String(sums.total), ...sums.args)
    const reply = (await runScript(viewScript, allKeys, args)) as [string, ...(string | number)[]]
    return { reply, invalid: sums.invalid }
  }

  const write = async (batch: Batch): Promise<Outcome> => {
    // From the log nearly everything is done already, so the fences are asked before anything is summed.
    let parts = batch.runs.map((run): Part => ({ run, skip: 0 }))
    if (batch.log && batch.runs.length > 0) {
      const fences = (await call(['HMGET', keys.fences, ...batch.runs.map(nameOf)])) as (string | null)[]
      parts = uncovered(parts, fences, metrics)
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { reply, invalid } = await apply(parts, batch)
      const [verdict, ...rest] = reply
      switch (verdict) {
        case 'stored':
          metrics.invalid.inc(invalid)
          metrics.others.inc(Number(rest[0]))
          await prune(batch)
          return outcomes.stored()
        case 'fence':
          parts = uncovered(parts, rest as string[], metrics)
          if (parts.length === 0 && !batch.log) return outcomes.stored()
          break
        case 'gap':
          metrics.refusals.inc({ reason: 'gap' })
          return outcomes.gap(BigInt(rest[0]!))
        case 'behind':
          metrics.refusals.inc({ reason: 'behind' })
          return outcomes.behind(BigInt(rest[0]!))
        default:
          return outcomes.failed(`redis holds something else under a key of ${pipeline}: ${String(rest[0])}`)
      }
    }
    return outcomes.failed(`other writers were faster ${MAX_ROUNDS} times`)
  }

  const prune = async ({ log: range }: Batch) => {
    if (!range || range.startOffset <= (pruned.get(`${range.topic}-${range.partition}`) ?? 0n)) return
    const name = `${range.topic}-${range.partition}`
    const gone = await runScript(pruneScript, [keys.fences, keys.origins], [name, String(range.startOffset)])
    pruned.set(name, range.startOffset)
    if (Number(gone) > 0)
      log.info('forgot fences of origins that left the log', { log: name, fences: Number(gone) })
  }

  return {
    url: endpoint.url,
    notReady: () => (down === undefined ? undefined : `${endpoint.url}: ${down}`),
    write,
    close() {
      client.destroy()
      return Promise.resolve()
    },
  }
}

/** The field of a run in the hash of fences. */
function nameOf(run: Run): string {
  return `${run.origin}-${run.partition}`
}

/** Leaves out what the fences say is done. */
function uncovered(parts: Part[], fences: (string | null)[], metrics: HopMetrics): Part[] {
  return parts.flatMap(({ run, skip }, index) => {
    const fence = BigInt(fences[index] ?? (run.foreign ? -1 : 0))
    const done = Math.min(Math.max(Number(fence - run.firstSeq) + 1, skip), run.count)
    metrics.fenceSkips.inc(done - skip)
    return done < run.count ? [{ run, skip: done }] : []
  })
}

/** EVALSHA, and EVAL once when the server does not know the script (restart, failover). */
function scriptRunner(call: (args: string[]) => Promise<unknown>) {
  const hashes = new Map<string, string>()
  return async (script: string, keys: string[], args: string[]): Promise<unknown> => {
    let hash = hashes.get(script)
    if (!hash) hashes.set(script, (hash = createHash('sha1').update(script).digest('hex')))
    try {
      return await call(['EVALSHA', hash, String(keys.length), ...keys, ...args])
    } catch (cause) {
      if (!reasonOf(cause).startsWith('NOSCRIPT')) throw cause
      return call(['EVAL', script, String(keys.length), ...keys, ...args])
    }
  }
}
