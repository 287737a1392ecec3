// The pipeline's graph, from what the hops say of themselves: nodes, edges, and the rate on each edge.
import type { HopState, LedgerState, PipelineState } from '../../lib/page-api.ts'

export type Health = HopState['health'] | 'unknown'

export type GraphNode = {
  id: string
  kind: 'clients' | 'hop' | 'store'
  health: Health
  reason?: string
  /** What a hop listens on or reads. */
  from?: string
  queueBytes?: number
  /** Records that it has not read yet. */
  lag?: number
  /** What a store has. */
  holds?: number
}

export type GraphEdge = {
  from: string
  to: string
  bestEffort: boolean
  /** Records a second; null until it is known. */
  rate: number | null
}

export type Graph = { nodes: GraphNode[]; edges: GraphEdge[] }

export const CLIENTS = 'clients'
const STORES = ['kafka', 'mongodb', 'redis']

/** The figure of a part of the ledger; undefined when its store is away. */
export function figureOf<T extends object, K extends keyof T>(
  part: T | { error: string } | undefined,
  name: K,
): T[K] | undefined {
  return part && !('error' in part) ? (part as T)[name] : undefined
}

export function graphOf({ hops, ledger }: Pick<PipelineState, 'hops' | 'ledger'>): Graph {
  const byName = new Map(hops.map((hop) => [hop.name, hop]))
  const used = new Set(hops.flatMap(({ from, to, fast }) => [from, ...to, ...fast]))
  const stores = STORES.filter((store) => used.has(store))
  const nodes: GraphNode[] = [
    { id: CLIENTS, kind: 'clients', health: 'ready' },
    ...hops.map((hop): GraphNode => ({
      id: hop.name,
      kind: 'hop',
      health: hop.health,
      from: hop.from,
      queueBytes: hop.queueBytes,
      ...(hop.reason !== undefined && { reason: hop.reason }),
      ...lagOf(hop, ledger),
    })),
    ...stores.map((store) => storeNode(store, ledger)),
  ]
  const healthOf = new Map(nodes.map(({ id, health }) => [id, health]))
  const edges: GraphEdge[] = []
  const add = (from: string, to: string, bestEffort: boolean, rate: number | null) => {
    const dead = healthOf.get(from) === 'away' || healthOf.get(to) === 'away'
    edges.push({ from, to, bestEffort, rate: dead ? 0 : rate })
  }
  for (const { name, from, to, fast, perSecond } of hops) {
    if (from === 'http') add(CLIENTS, name, false, perSecond)
    if (stores.includes(from)) add(from, name, false, perSecond)
    for (const target of to) add(name, target, false, perSecond)
    // What of it was dropped, the receiver does not have.
    for (const target of fast) add(name, target, true, least(perSecond, byName.get(target)?.perSecond))
  }
  return { nodes, edges }
}

function least(a: number | null, b: number | null | undefined): number | null {
  if (a === null || b === undefined || b === null) return a
  return Math.min(a, b)
}

function lagOf({ from, group }: HopState, ledger: LedgerState): { lag?: number } {
  if (group !== undefined) {
    const lag = figureOf(ledger.lag, group)
    return lag === undefined ? {} : { lag }
  }
  // Where MongoDB is the log, its reader brings the views to what it has.
  const [documents, total] = [figureOf(ledger.mongodb, 'documents'), figureOf(ledger.redis, 'total')]
  if (from !== 'mongodb' || documents === undefined || total === undefined) return {}
  return { lag: Math.max(0, documents - total) }
}

function storeNode(id: string, ledger: LedgerState): GraphNode {
  const holds =
    id === 'kafka'
      ? figureOf(ledger.log, 'records')
      : id === 'mongodb'
        ? figureOf(ledger.mongodb, 'documents')
        : figureOf(ledger.redis, 'total')
  return holds === undefined
    ? { id, kind: 'store', health: 'away' }
    : { id, kind: 'store', health: 'ready', holds }
}

/** What lies on the ways from `start` to each of `ends`. */
export function nodesBetween({ edges }: Graph, start: string, ends: string[]): Set<string> {
  const reach = (from: string[], next: (id: string) => string[]) => {
    const seen = new Set(from)
    for (const id of seen) for (const other of next(id)) seen.add(other)
    return seen
  }
  const after = reach([start], (id) => edges.flatMap(({ from, to }) => (from === id ? [to] : [])))
  const before = reach(ends, (id) => edges.flatMap(({ from, to }) => (to === id ? [from] : [])))
  return new Set([...after].filter((id) => before.has(id)))
}
