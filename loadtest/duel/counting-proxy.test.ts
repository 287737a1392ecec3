import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { withReleases } from '../bench/releases.ts'
import { startCountingProxy } from './counting-proxy.ts'

/** Everything until the peer ends its side; ours stays open. (stream/consumers would close it.) */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  await once(socket, 'end')
  return Buffer.concat(chunks)
}

test('what passes arrives whole, and is counted in both directions', async () => {
  await withReleases(async (defer) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      readAll(socket).then(
        (received) => socket.end(Buffer.concat([received, received])),
        (cause: unknown) => socket.destroy(cause as Error),
      )
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    defer(() => new Promise((resolve) => server.close(resolve)))
    const { port } = server.address() as AddressInfo
    const proxy = await startCountingProxy(defer, `127.0.0.1:${port}`)
    const near = Number(proxy.address.split(':')[1])
    const socket = connect({ host: '127.0.0.1', port: near, allowHalfOpen: true })
    const sent = Buffer.alloc(1_000_000, 'abc')
    socket.end(sent)
    const answer = await readAll(socket)
    assert.ok(answer.equals(Buffer.concat([sent, sent])), `${answer.length} bytes came back`)
    assert.equal(proxy.bytes(), 3_000_000)
  })
})
