// Brings batches into the live views, however often a batch comes and whoever else writes: one script call a
// batch when nobody was faster.
import { reasonOf } from '../../lib/errors.ts'
import type { EventType } from '../../lib/event-type.ts'
import type { Log } from '../../lib/log.ts'
import { redisTypes, viewsOf } from '../../lib/views.ts'
import { outcomes, type Batch, type Outcome, type Run } from '../batch.ts'
import type { HopMetrics } from '../metrics.ts'
import { scriptRunner, type Call } from '../redis-connection.ts'
import { pruneScript, viewScript } from './view-script.ts'
import { compileSums, type Part, type Sums } from './view-sums.ts'

/** Every lost race against another writer moves a fence, so a batch is done after a few. */
const MAX_ROUNDS = 10

export function createViewWriter(
  call: Call,
  eventType: EventType,
  pipeline: string,
  log: Log,
  metrics: HopMetrics,
): (batch: Batch) => Promise<Outcome> {
  const keys = viewsOf(eventType.schema, pipeline)
  const allKeys = [keys.fences, keys.positions, keys.origins, keys.total, ...keys.views.map(({ key }) => key)]
  const types = ['hash', 'hash', 'hash', 'string', ...keys.views.map(({ kind }) => redisTypes[kind])]
  const sum = compileSums(eventType, keys.views)
  const noSums: Sums = { total: 0, invalid: 0, args: keys.views.flatMap(({ kind }) => [kind, '0', '0']) }
  const pruned = new Map<string, bigint>()
  const runScript = scriptRunner(call)

  /** One call of the script. */
  const apply = async (spans: FenceSpan[], sums: Sums, { log: range }: Batch) => {
    const args = [...types, range ? `${range.topic}-${range.partition}` : '']
    args.push(String(range?.firstOffset ?? 0), String(range?.nextOffset ?? 0), String(spans.length))
    for (const { name, first, last, kind, lastOffset } of spans)
      args.push(name, String(first), String(last), kind, lastOffset)
    args.push(String(sums.total), ...sums.args)
    return (await runScript(viewScript, allKeys, args)) as [string, ...(string | number)[]]
  }

  const storedFences = async (runs: Run[]): Promise<Fences> => {
    const names = [...new Set(runs.map(nameOf))]
    try {
      const fences = (await call(['HMGET', keys.fences, ...names])) as (string | null)[]
      return new Map(names.map((name, index) => [name, fences[index] ?? null]))
    } catch (cause) {
      // The script says which key is of the wrong type.
      if (!reasonOf(cause).startsWith('WRONGTYPE')) throw cause
      return new Map()
    }
  }

  const prune = async ({ log: range }: Batch) => {
    if (!range) return
    const name = `${range.topic}-${range.partition}`
    if (range.startOffset <= (pruned.get(name) ?? 0n)) return
    const gone = await runScript(pruneScript, [keys.fences, keys.origins], [name, String(range.startOffset)])
    pruned.set(name, range.startOffset)
    if (Number(gone) > 0)
      log.info('forgot fences of origins that left the log', { log: name, fences: Number(gone) })
  }

  return async (batch) => {
    let parts = batch.runs.map((run): Part => ({ run, skip: 0 }))
    // From the log nearly everything is done already, so the fences are asked before anything is summed.
    if (batch.log && parts.length > 0) parts = cut(batch.runs, await storedFences(batch.runs))
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const rest = parts.filter(({ run, skip }) => skip < run.count)
      let sums = noSums
      try {
        if (rest.length > 0) sums = sum(rest)
      } catch (cause) {
        return outcomes.rejected(`a run is not what it says: ${reasonOf(cause)}`)
      }
      const spans = spansOf(parts, batch)
      const [verdict, ...answer] = await apply(spans, sums, batch)
      switch (verdict) {
        case 'stored':
          metrics.fenceSkips.inc(parts.reduce((skipped, { skip }) => skipped + skip, 0))
          metrics.invalid.inc(sums.invalid)
          metrics.others.inc(Number(answer[0]))
          if (Number(answer[1]) > 0) {
            metrics.gaps.inc(Number(answer[1]))
            log.error('the log lacks events; the gap was stepped over', { gaps: Number(answer[1]) })
          }
          await prune(batch)
          return outcomes.stored(BigInt(answer[2]!))
        case 'fence':
          parts = cut(batch.runs, new Map(spans.map(({ name }, index) => [name, answer[index] as string])))
          break
        case 'gap':
          metrics.refusals.inc({ reason: 'gap' })
          return outcomes.gap(BigInt(answer[0]!), fencesOf(parts, batch, answer.slice(1)))
        case 'behind':
          metrics.refusals.inc({ reason: 'behind' })
          return outcomes.behind(BigInt(answer[0]!))
        default:
          return outcomes.failed(
            `redis holds something else under a key of ${pipeline}: ${String(answer[0])}`,
          )
      }
    }
    return outcomes.failed(`other writers were faster ${MAX_ROUNDS} times`)
  }
}

/** What the script is told of one or several runs that follow each other without a hole. */
type FenceSpan = { name: string; first: bigint; last: bigint; kind: string; lastOffset: string }

/** Joined batches bring the same few origins many times, and the script's price is per span. */
function spansOf(parts: Part[], { log: range, stepOverGaps, lastBeforeGaps }: Batch): FenceSpan[] {
  const spans: FenceSpan[] = []
  const latest = new Map<string, FenceSpan>()
  for (const { run, skip } of parts) {
    const name = nameOf(run)
    const first = run.firstSeq + BigInt(skip)
    const gap = lastBeforeGaps.findLast(
      ({ origin, partition, seq }) => origin === run.origin && partition === run.partition && seq < first,
    )
    const dense = stepOverGaps ? 'step' : gap ? String(gap.seq) : 'dense'
    const kind = skip > 0 ? 'rest' : run.foreign ? 'foreign' : dense
    const last = run.firstSeq + BigInt(run.count - 1)
    const lastOffset = range ? String(range.firstOffset + BigInt(run.offsetDeltas.at(-1) ?? 0)) : ''
    const before = latest.get(name)
    if (before?.kind === kind && before.last + 1n === first) Object.assign(before, { last, lastOffset })
    else {
      const span = { name, first, last, kind, lastOffset }
      latest.set(name, span)
      spans.push(span)
    }
  }
  return spans
}

/** What the script answered, by origin and partition. */
function fencesOf(parts: Part[], batch: Batch, answer: (string | number)[]) {
  const known = new Map(
    spansOf(parts, batch).map(({ name }, index) => [name, BigInt(Math.max(0, Number(answer[index])))]),
  )
  const runs = new Map(batch.runs.map((run) => [nameOf(run), run]))
  return [...runs].map(([name, { origin, partition }]) => ({ origin, partition, seq: known.get(name)! }))
}

/** By the name of the run; null and absent mean that nothing is stored. */
type Fences = ReadonlyMap<string, string | null>

/** The field of a run in the hash of fences. */
function nameOf(run: Run): string {
  return `${run.origin}-${run.partition}`
}

/** Finds how much of each run the fences, or earlier runs of the same batch, say is done. */
function cut(runs: Run[], fences: Fences): Part[] {
  const known = new Map<string, bigint>()
  return runs.map((run) => {
    const name = nameOf(run)
    const fence = known.get(name) ?? BigInt(fences.get(name) ?? (run.foreign ? -1 : 0))
    const after = run.firstSeq + BigInt(run.count)
    known.set(name, after > fence ? after - 1n : fence)
    return { run, skip: Math.min(Math.max(Number(fence - run.firstSeq) + 1, 0), run.count) }
  })
}
