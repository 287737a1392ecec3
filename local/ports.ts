// Free ports on the loopback interface.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the range that the kernel takes client ports from (Linux from 32768, macOS from 49152): a client that
// reconnects to a dead server could otherwise be given the server's own port, so that it meets itself or keeps
// a restart from listening.
const [firstPort, lastPort] = [20_000, 29_999]
const given = new Set<number>()

/** A port of 127.0.0.1 on which nobody listens, and never the same one twice. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const port = randomInt(firstPort, lastPort + 1)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
  throw new Error(`no free port between ${firstPort} and ${lastPort}`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') return false
    throw cause
  }
  server.close()
  await once(server, 'close')
  return true
}
