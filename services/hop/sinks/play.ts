// Plays random interleavings, in a worker of its own: what the models of delivery share.
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import type { Call } from '../redis-connection.ts'
import { connectRedis, type Redis } from './view-samples.ts'
import { viewScript } from './view-script.ts'

/** Runs that share the connection, so that its commands leave together. */
const CONCURRENT = 16

export type Play = {
  redisUrl: string
  /** What is called in place of the real script. */
  script: string
  /** Which interleavings: from this one in steps of `every` up to `runs`. */
  first: number
  every: number
  runs: number
  /** Which rule of the reader is broken, if it has any. */
  broken?: string | undefined
}
/** Of the first interleaving after which the views differ from the log. */
export type Played = { runs: number; mistake: string | undefined }

/** Plays what the worker was told, and posts what came of it. `simulate` says how the views differ, or nothing. */
export async function play(
  simulate: (
    seed: number,
    redis: Redis,
    send: Call,
    broken: string | undefined,
  ) => Promise<string | undefined>,
): Promise<void> {
  const { redisUrl, script, first, every, runs, broken } = workerData as Play
  const redis = await connectRedis(redisUrl)
  const send = senderWith(redis, script)
  const played: Played = { runs: 0, mistake: undefined }
  let next = first
  const work = async () => {
    while (played.mistake === undefined && next <= runs) {
      const run = next
      next += every
      const mistake = await simulate((run * 2_654_435_761) % 4_294_967_291, redis, send, broken)
      played.runs++
      played.mistake ??= mistake
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT }, work))
  redis.destroy()
  parentPort!.postMessage(played)
}

/** How often a step is taken, in proportion to the others, and what it does. */
export type Step = [weight: number, take: () => unknown]

/** Takes `count` steps by chance, one after the other. */
export async function takeSteps(
  steps: Step[],
  count: number,
  random: (below: number) => number,
): Promise<void> {
  const weights = steps.reduce((sum, [weight]) => sum + weight, 0)
  for (let n = 0; n < count; n++) {
    let pick = random(weights)
    for (const [weight, take] of steps) {
      if (pick < weight) {
        await take()
        break
      }
      pick -= weight
    }
  }
}

/** The views that are not as expected, without their pipeline's name; nothing if all are. */
export function differences(
  stored: Record<string, unknown>,
  expected: Record<string, unknown>,
  pipeline: string,
): string | undefined {
  const wrong = Object.keys(expected).filter((key) => !isDeepStrictEqual(stored[key], expected[key]))
  return wrong.map((key) => key.slice(`{${pipeline}}:`.length)).join(', ') || undefined
}

/** What a replica has that is taken over: the pipeline's keys as they were, in one step. */
export async function copyKeys(redis: Redis, from: string[], to: string[]): Promise<void> {
  const script = `for i = 1, #KEYS do redis.call('DEL', ARGV[i]) redis.call('COPY', KEYS[i], ARGV[i]) end`
  await redis.sendCommand(['EVAL', script, String(from.length), ...from, ...to])
}

/** Sends commands with `script` in place of the real one. */
function senderWith(redis: Redis, script: string): Call {
  const [real, own] = [viewScript, script].map((text) => createHash('sha1').update(text).digest('hex'))
  return ([command, program, ...rest]) => {
    const swapped = program === real ? own : program === viewScript ? script : program
    return redis.sendCommand([command!, swapped!, ...rest])
  }
}
