// A TCP way that is as slow as one between clusters: whatever goes in comes out later, in order, at any rate.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { defer } from './defer.ts'

/** Opens a way to `target` that adds `roundTripMs`; it closes with the test. */
export async function startDelayingProxy(t: TestContext, target: number, roundTripMs: number) {
  const sockets = new Set<Socket>()
  const carry = (from: Socket, to: Socket) => {
    from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), roundTripMs / 2))
    from.on('close', () => setTimeout(() => to.destroy(), roundTripMs / 2))
    from.on('error', () => from.destroy())
  }
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    carry(near, far)
    carry(far, near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  defer(t, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
