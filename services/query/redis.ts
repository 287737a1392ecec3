// Redis as this program needs it: several reads at one moment, in one round trip.
import { createClient, MultiErrorReply } from 'redis'
import { reasonOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'

const CONNECT_DEADLINE_MS = 1_000
const PING_MS = 1_000
/** A connection on which not even a ping is answered is closed and opened again. */
const SILENCE_MS = 3 * PING_MS
/** Far above what requests in flight can queue: a transaction that is cut by the bound would stay open. */
const MAX_COMMANDS = 8_192

/** Runs read commands as one transaction and returns the replies in order, as RESP 2 has them. */
export type ReadRedis = (commands: string[][]) => Promise<unknown[]>

export type RedisReader = {
  read: ReadRedis
  /** Resolves when Redis has answered for the first time. */
  connected: Promise<unknown>
  close(): void
}

/** Connects in the background and reconnects by itself. While it is away every read rejects at once. */
export function openRedis(host: string, log: Log): RedisReader {
  const client = createClient({
    url: `redis://${host}`,
    RESP: 2,
    maintNotifications: 'disabled',
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_COMMANDS,
    pingInterval: PING_MS,
    socket: {
      connectTimeout: CONNECT_DEADLINE_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: (tries) => Math.min(50 * 2 ** tries, 1_000),
    },
  })
  let last = 'not connected yet'
  client.on('error', (cause) => {
    last = reasonOf(cause)
    log.debug('redis client', { cause: last })
  })
  const connected = client
    .connect()
    .catch((cause: unknown) => log.debug('redis client ended', { cause: reasonOf(cause) }))
  return {
    connected,
    async read(commands) {
      // Transactions would be queued while offline in spite of disableOfflineQueue (node-redis 6.3).
      if (!client.isReady) throw new Error(last)
      const transaction = client.multi()
      for (const command of commands) transaction.sendCommand(command)
      try {
        return await transaction.exec<'generic'>()
      } catch (cause) {
        if (cause instanceof MultiErrorReply) throw [...cause.errors()][0] ?? cause
        throw cause
      }
    },
    close: () => client.destroy(),
  }
}
