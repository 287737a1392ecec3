// HINCRBY as fast as Redis takes it, 64 to a write: redis-benchmark where it is on PATH, else our own client.
import { once } from 'node:events'
import { connect } from 'node:net'
import { findOnPath } from '../../local/cache.ts'
import { lastLines, runProgram } from './run-program.ts'

const CONNECTIONS = 50
const PIPELINE = 64
const DEADLINE_MS = 60_000

export type Increments = {
  name: string
  /** Adds 1 to `field` of the hash `key` `count` times, a multiple of 64; returns how many a second. */
  run(key: string, field: string, count: number): Promise<number>
}

export async function createIncrements(redisUrl: string): Promise<Increments> {
  const { hostname, port } = new URL(redisUrl)
  const command = await findOnPath('redis-benchmark')
  if (command === undefined) {
    return {
      name: `own client, ${PIPELINE} to a write, ${CONNECTIONS} connections`,
      run: (key, field, count) =>
        increment({ host: hostname, port: Number(port || 6379) }, key, field, count),
    }
  }
  return {
    name: `redis-benchmark -P ${PIPELINE} -c ${CONNECTIONS}`,
    async run(key, field, count) {
      const server = ['-h', hostname, '-p', port || '6379', '--csv']
      const load = ['-P', PIPELINE, '-c', CONNECTIONS, '-n', count].map(String)
      const args = [...server, ...load, 'HINCRBY', key, field, '1']
      const ended = await runProgram(command, args, DEADLINE_MS)
      const perSecond = readPerSecond(ended.stdout)
      if (ended.code !== 0 || perSecond === undefined)
        throw new Error(`redis-benchmark failed:\n  ${lastLines(ended)}`)
      return perSecond
    },
  }
}

/** The rate in the last line of `--csv`: "HINCRBY key field 1","1210000.00",… */
export function readPerSecond(csv: string): number | undefined {
  const perSecond = Number(/^"[^"]*","([\d.]+)"/.exec(csv.trim().split('\n').at(-1) ?? '')?.[1])
  return perSecond > 0 ? perSecond : undefined
}

async function increment(
  address: { host: string; port: number },
  key: string,
  field: string,
  count: number,
): Promise<number> {
  const words = ['HINCRBY', key, field, '1']
  const command = `*4\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
  const pipeline = Buffer.from(command.repeat(PIPELINE))
  const sockets = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect({ ...address, noDelay: true })
      await once(socket, 'connect')
      return socket
    }),
  )
  const startedAt = performance.now()
  let left = count / PIPELINE
  const finished = sockets.map(
    (socket) =>
      new Promise<void>((resolve, reject) => {
        let answers = 0
        const next = () => {
          if (left-- > 0) socket.write(pipeline)
          else resolve()
        }
        socket.setTimeout(DEADLINE_MS, () => reject(new Error(`redis: no answer in ${DEADLINE_MS} ms`)))
        socket.on('error', reject)
        socket.on('data', (chunk) => {
          if (chunk[0] === 0x2d) return reject(new Error(`redis: ${chunk.toString('utf8', 0, 200)}`))
          for (const byte of chunk) if (byte === 0x0a) answers++
          if (answers < PIPELINE) return
          answers -= PIPELINE
          next()
        })
        next()
      }),
  )
  try {
    await Promise.all(finished)
    return count / ((performance.now() - startedAt) / 1_000)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}
