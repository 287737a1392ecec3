// One connection to Redis that comes back by itself. Whoever calls knows at once when it is away.
import { createHash } from 'node:crypto'
import { createClient, RESP_TYPES } from 'redis'
import { reasonOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'

const CALL_DEADLINE_MS = 5_000
/** Commands that wait for an answer; the lanes of a hop send one at a time each. */
const MAX_COMMANDS = 1_000

export type RedisArgument = string | Buffer

/** Sends one command to Redis; rejects when it is refused or not answered in time. */
export type Call = (args: RedisArgument[]) => Promise<unknown>

export type RedisConnection = {
  call: Call
  /** The same, with every string of the reply as its bytes. */
  callForBytes: Call
  notReady(): string | undefined
  close(): void
}

/** How every client here connects: nothing queues while Redis is away, and it is tried again soon. */
export function clientOptions(host: string) {
  return {
    url: `redis://${host}`,
    RESP: 2 as const,
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_COMMANDS,
    socket: { connectTimeout: 2_000, reconnectStrategy: (tries: number) => Math.min(20 * 2 ** tries, 500) },
  }
}

export function openRedis(host: string, log: Log): RedisConnection {
  let down: string | undefined = 'not connected yet'

  const connect = () => {
    const opened = createClient(clientOptions(host))
    opened.on('ready', () => (down = undefined))
    opened.on('error', (cause) => {
      if (!down) log.warn('redis is away', { cause: reasonOf(cause) })
      down = reasonOf(cause)
    })
    // Never awaited: it resolves when Redis first answers, which may be later than the start.
    opened.connect().catch((cause: unknown) => log.warn('redis did not answer', { cause: reasonOf(cause) }))
    return opened
  }
  let client = connect()

  const callWith =
    (options: Parameters<typeof client.sendCommand>[1]): Call =>
    async (args) => {
      const used = client
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`redis: no answer in ${CALL_DEADLINE_MS} ms`))
          // A connection whose other end vanished stays open for a quarter of an hour, so it is given up.
          if (client !== used) return
          down = `no answer in ${CALL_DEADLINE_MS} ms`
          client = connect()
          used.destroy()
        }, CALL_DEADLINE_MS)
      })
      try {
        return await Promise.race([used.sendCommand(args, options), late])
      } finally {
        clearTimeout(timer)
      }
    }

  return {
    call: callWith({}),
    callForBytes: callWith({ typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }),
    notReady: () => down,
    close: () => client.destroy(),
  }
}

/** EVALSHA, and EVAL once when the server does not know the script (restart, failover). */
export function scriptRunner(call: Call) {
  const hashes = new Map<string, string>()
  return async (script: string, keys: string[], args: RedisArgument[]): Promise<unknown> => {
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
