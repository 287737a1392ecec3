// A TCP way that counts the bytes that pass in both directions.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Defer } from '../bench/releases.ts'

export type CountingProxy = {
  address: string
  /** What has passed so far, both directions together. */
  bytes(): number
}

/** Opens a way to `target`, `host:port`. */
export async function startCountingProxy(defer: Defer, target: string): Promise<CountingProxy> {
  const [host, port] = target.split(':')
  const sockets = new Set<Socket>()
  let bytes = 0
  const carry = (from: Socket, to: Socket) => {
    from.on('data', (chunk) => {
      bytes += chunk.length
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
    // One that closes in order has handed its end on, and the other may still have bytes to bring.
    from.on('error', () => to.destroy())
    from.on('close', () => sockets.delete(from))
    sockets.add(from)
  }
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ host: host!, port: Number(port), noDelay: true, allowHalfOpen: true })
    carry(near, far)
    carry(far, near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  defer(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, bytes: () => bytes }
}
