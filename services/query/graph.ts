// How each hop of the graph does: alive, ready, and what its counters say. Asked only while somebody looks.
import { lookup } from 'node:dns/promises'
import { hostOf, portOf } from '../lib/endpoint.ts'
import { reasonOf } from '../lib/errors.ts'
import type { HopState } from '../lib/page-api.ts'
import type { HopNode } from './options.ts'

/** A frozen hop is seen as one that is away after this long; with the tick of the socket, below 2 s. */
const DEADLINE_MS = 1_000
/** Rates are over about this long. */
const RATE_WINDOW_MS = 2_000
/** Closer readings would make rates jump. */
const LEAST_WINDOW_MS = 400

type Reading = { ready: boolean; reason: string; counters: Counters }
type Counters = { records: number; accepted: number; queueBytes: number; deadLetters: number }
type Sample = { at: number; records: number }

/** Returns a function that asks all hops at once. Never rejects: a hop that does not answer is `away`. */
export function createGraphReader(hops: HopNode[]): () => Promise<HopState[]> {
  const readers = hops.map(createHopReader)
  return () => Promise.all(readers.map((read) => read()))
}

function createHopReader({ admin, ...node }: HopNode): () => Promise<HopState> {
  /** The last readings of each process, oldest first. */
  const histories = new Map<string, Sample[]>()
  const countAccepted = createCarry()
  return async () => {
    const now = performance.now()
    const addresses = await addressesOf(admin).catch((): string[] => [])
    const answers = await Promise.all(addresses.map((address) => read(address).catch(reasonOf)))
    const readings: Reading[] = []
    let perSecond: number | null = null
    for (const [index, answer] of answers.entries()) {
      if (typeof answer === 'string') continue
      readings.push(answer)
      const rate = remember(histories, addresses[index]!, { at: now, records: answer.counters.records })
      if (rate !== undefined) perSecond = (perSecond ?? 0) + rate
    }
    for (const address of histories.keys()) {
      const at = addresses.indexOf(address)
      if (at === -1 || typeof answers[at] === 'string') histories.delete(address)
    }
    const sum = (name: keyof Counters) => readings.reduce((total, { counters }) => total + counters[name], 0)
    const notReady = readings.find(({ ready }) => !ready)
    return {
      ...node,
      health: readings.length === 0 ? 'away' : notReady ? 'not ready' : 'ready',
      ...(notReady && { reason: notReady.reason }),
      instances: readings.length,
      perSecond: readings.length === 0 ? 0 : perSecond,
      queueBytes: sum('queueBytes'),
      accepted: node.from === 'http' ? countAccepted(addresses, answers) : null,
      deadLetters: sum('deadLetters'),
    }
  }
}

/** Returns a function that sums what was accepted, also by processes that have ended since. */
function createCarry() {
  const last = new Map<string, number>()
  let ended = 0
  return (addresses: string[], answers: (Reading | string)[]): number => {
    for (const [index, answer] of answers.entries()) {
      if (typeof answer === 'string') continue
      const address = addresses[index]!
      const { accepted } = answer.counters
      const before = last.get(address) ?? 0
      if (accepted < before) ended += before
      last.set(address, accepted)
    }
    // When no name is found, nobody has ended for that.
    for (const [address, accepted] of addresses.length > 0 ? last : []) {
      if (addresses.includes(address)) continue
      ended += accepted
      last.delete(address)
    }
    return ended + [...last.values()].reduce((sum, count) => sum + count, 0)
  }
}

/** Adds a sample; the records a second since the oldest that is kept, or undefined when there is none. */
function remember(histories: Map<string, Sample[]>, address: string, sample: Sample): number | undefined {
  const known = histories.get(address) ?? []
  // A process that was started anew counts from 0.
  const restarted = (known.at(-1)?.records ?? 0) > sample.records
  const kept = restarted ? [] : known.filter(({ at }) => sample.at - at <= RATE_WINDOW_MS)
  const base = restarted ? undefined : (kept[0] ?? known.at(-1))
  histories.set(address, [...kept, sample])
  if (!base || sample.at - base.at < LEAST_WINDOW_MS) return undefined
  return ((sample.records - base.records) / (sample.at - base.at)) * 1_000
}

/** A name may stand for several processes. */
async function addressesOf(admin: string): Promise<string[]> {
  const found = await lookup(hostOf(admin), { all: true })
  return found.map(({ address, family }) => `${family === 6 ? `[${address}]` : address}:${portOf(admin)}`)
}

async function read(address: string): Promise<Reading> {
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const [ready, metrics] = await Promise.all(
    ['readyz', 'metrics'].map(async (page) => {
      const response = await fetch(`http://${address}/${page}`, { signal })
      return { ok: response.ok, text: await response.text() }
    }),
  )
  return { ready: ready!.ok, reason: ready!.text.trim().slice(0, 200), counters: countersOf(metrics!.text) }
}

/** What is drawn, from the text that Prometheus reads. */
export function countersOf(text: string): Counters {
  const counters: Counters = { records: 0, accepted: 0, queueBytes: 0, deadLetters: 0 }
  for (const [, name, labels = '', value] of text.matchAll(/^freshet_hop_(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
    if (name === 'records_total') counters.records += Number(value)
    else if (name === 'queue_bytes') counters.queueBytes += Number(value)
    else if (name === 'dead_letters_total') counters.deadLetters += Number(value)
    else if (name === 'responses_total' && labels.includes('status="202"')) counters.accepted += Number(value)
  }
  return counters
}
