// The live views of a pipeline as one state, and what changed between two states.
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '@bufbuild/protobuf'
import type { LiveChanges, LiveState, ViewState } from '../lib/page-api.ts'
import type { View, ViewKeys } from '../lib/views.ts'
import type { Snapshot } from './live-socket.ts'
import type { ReadRedis } from './redis.ts'

/** Returns a function that reads all views at one moment, in one round trip, and adds the `others`. */
export function createLiveReader(
  pipeline: string,
  keys: ViewKeys,
  read: ReadRedis,
  others: () => Record<string, ViewState> = () => ({}),
): () => Promise<Snapshot<LiveState>> {
  const prefixLength = `{${pipeline}}:`.length
  const commands = [['GET', keys.total], ...keys.views.map(commandOf)]
  return async () => {
    const [total, ...replies] = await read(commands)
    const now = Date.now()
    const views: Record<string, ViewState> = {}
    keys.views.forEach((view, index) => {
      views[view.key.slice(prefixLength)] = parseReply(view, replies[index], now)
    })
    Object.assign(views, others())
    const state = { pipeline, at: new Date(now).toISOString(), total: Number(total ?? 0), views }
    return { state, json: JSON.stringify(state) }
  }
}

/** The command that reads a view. */
export function commandOf(view: View): string[] {
  switch (view.kind) {
    case 'count':
    case 'histogram':
    case 'rate':
      return ['HGETALL', view.key]
    case 'top':
      return ['ZREVRANGE', view.key, '0', '-1', 'WITHSCORES']
    case 'distinct':
      return ['SMEMBERS', view.key]
    case 'latest':
      return ['ZREVRANGE', view.key, '0', String(view.size - 1)]
  }
}

/** Reads the reply to a view's command. `nowMs` ends the window of a rate, which the writer leaves open. */
export function parseReply(view: View, reply: unknown, nowMs: number): ViewState {
  const texts = reply as string[]
  switch (view.kind) {
    case 'count':
    case 'top':
      return countsOf(texts)
    case 'histogram': {
      const counts = countsOf(texts)
      return Object.fromEntries(view.labels.map((label) => [label, counts[label] ?? 0]))
    }
    case 'rate': {
      const oldest = Math.floor(nowMs / 1_000) - view.seconds
      return Object.fromEntries(Object.entries(countsOf(texts)).filter(([second]) => Number(second) > oldest))
    }
    case 'distinct':
      return texts.toSorted()
    case 'latest':
      return texts.map((member) => JSON.parse(member) as JsonObject)
  }
}

/** Name, number, name, number … Own properties only: a name may well be `__proto__`. */
function countsOf(pairs: string[]): Record<string, number> {
  const entries: [string, number][] = []
  for (let at = 0; at + 1 < pairs.length; at += 2) entries.push([pairs[at]!, Number(pairs[at + 1])])
  return Object.fromEntries(entries)
}

/** What a watcher of `before` needs to have `after`. */
export function changesBetween(before: LiveState, after: LiveState): LiveChanges {
  const changes: NonNullable<LiveChanges['changes']> = {}
  for (const [name, view] of Object.entries(after.views)) {
    const known = before.views[name]
    if (Array.isArray(view)) {
      if (!isDeepStrictEqual(view, known)) changes[name] = view
      continue
    }
    const fields = changedFields(known as Record<string, number>, view)
    if (fields.length > 0) changes[name] = Object.fromEntries(fields)
  }
  return {
    at: after.at,
    ...(after.total !== before.total && { total: after.total }),
    ...(Object.keys(changes).length > 0 && { changes }),
  }
}

function changedFields(
  before: Record<string, number>,
  after: Record<string, number>,
): [string, number | null][] {
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  const moved = Object.entries(after).filter(([key, n]) => !Object.hasOwn(before, key) || before[key] !== n)
  return [...moved, ...gone.map((key): [string, null] => [key, null])]
}
