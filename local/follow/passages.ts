// How long one event was in a hop, from the hop's own counters before and after it.
import type { From, Pipeline, Store } from '../../pipelines/pipeline.ts'

const DEADLINE_MS = 2_000

/** Totals of a hop since its start. */
export type Totals = { batches: number; records: number; batchMs: number; ageMs: number }

/** One event alone in a batch: how long its sinks took, and how old it was when all of them had it. */
export type Passage = { tookMs: number; ageMs: number }

/** Reads the page that a hop has for Prometheus. Throws when a counter is missing. */
export function parseTotals(page: string): Totals {
  /** The largest, where several series carry `label`. */
  const value = (name: string, label = '') => {
    const series = new RegExp(String.raw`^freshet_hop_${name}(?:\{[^}]*${label}[^}]*\})? (\S+)$`, 'gm')
    const found = [...page.matchAll(series)].map(([, text]) => Number(text))
    if (found.length === 0) throw new Error(`the metrics have no freshet_hop_${name}`)
    return Math.max(...found)
  }
  return {
    batches: value('batches_total'),
    records: value('records_total'),
    batchMs: value('batch_seconds_sum') * 1_000,
    ageMs: value('freshness_seconds_sum', 'by="to"') * 1_000,
  }
}

/** The totals of every hop; `admins` are the URLs of their admin servers. */
export async function readTotals(admins: Record<string, string>): Promise<Record<string, Totals>> {
  const pages = Object.entries(admins).map(async ([hop, url]) => {
    const page = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(DEADLINE_MS) })
    return [hop, parseTotals(await page.text())] as const
  })
  return Object.fromEntries(await Promise.all(pages))
}

/** Undefined unless exactly one event went through: of several, sums cannot tell whose is what. */
export function passageBetween(before: Totals, after: Totals): Passage | undefined {
  if (after.batches - before.batches !== 1 || after.records - before.records !== 1) return undefined
  return { tookMs: after.batchMs - before.batchMs, ageMs: after.ageMs - before.ageMs }
}

/** The hops that an event of this intake comes through, over links and over the log. */
export function hopsFrom({ hops }: Pipeline, intake: string): Set<string> {
  const reached = new Set<string>()
  const visit = (name: string) => {
    const hop = hops[name]
    if (!hop || reached.has(name)) return
    reached.add(name)
    for (const target of [...hop.to, ...(hop.fastPaths ?? [])]) {
      if ('hop' in target) visit(target.hop)
      else
        for (const [reader, { from }] of Object.entries(hops)) if (reads(from) === target.store) visit(reader)
    }
  }
  visit(intake)
  return reached
}

/** The store that a hop reads as its log. */
function reads(from: From): Store | undefined {
  return 'group' in from ? 'kafka' : 'log' in from ? from.log : undefined
}

/** The stores that these hops write to. */
export function storesOf({ hops }: Pipeline, names: Iterable<string>): Set<Store> {
  const targets = [...names].flatMap((name) => [...hops[name]!.to, ...(hops[name]!.fastPaths ?? [])])
  return new Set(targets.flatMap((target) => ('store' in target ? [target.store] : [])))
}
