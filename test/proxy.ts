// A TCP way to a server of this machine that can be slow, be cut, refuse, and keep the server's answers back.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { findFreePort } from '../local/ports.ts'

export type Proxy = {
  port: number
  /** Leads new connections to another port. */
  lead(target: number): void
  /** What passes from now on takes that much longer there and back; it stays in order. */
  delay(roundTripMs: number): void
  /** Requests pass, answers wait: whoever asked cannot know whether it was done. */
  holdAnswers(): void
  /** Whether an answer waits. */
  holdsOne(): boolean
  releaseAnswers(): void
  /** Breaks every connection; nobody listens until `allow`. */
  refuse(): void
  allow(): Promise<void>
  close(): void
}

/** Opens a way to `target`; on a free port unless one is given. */
export async function startProxy(target: number, onPort?: number): Promise<Proxy> {
  const port = onPort ?? (await findFreePort())
  const sockets = new Set<Socket>()
  let roundTripMs = 0
  let held: (() => void)[] | undefined
  let server: Server | undefined

  const later = (step: () => void) => {
    if (roundTripMs > 0) setTimeout(step, roundTripMs / 2)
    else step()
  }
  const carry = (from: Socket, to: Socket, isAnswer: boolean) => {
    const pass = (step: () => void) => {
      if (isAnswer && held) held.push(step)
      else later(step)
    }
    from.on('data', (chunk) => pass(() => to.writable && to.write(chunk)))
    from.on('close', () => pass(() => to.destroySoon()))
    from.on('error', () => from.destroy())
  }
  const allow = async () => {
    if (server) return
    server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
      for (const socket of [near, far]) {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
      }
      carry(near, far, false)
      carry(far, near, true)
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const refuse = () => {
    server?.close()
    server = undefined
    held = undefined
    for (const socket of sockets) socket.destroy()
  }
  await allow()
  return {
    port,
    lead: (next) => (target = next),
    delay: (ms) => (roundTripMs = ms),
    holdAnswers: () => (held ??= []),
    holdsOne: () => held !== undefined && held.length > 0,
    releaseAnswers() {
      const waiting = held ?? []
      held = undefined
      for (const step of waiting) step()
    },
    refuse,
    allow,
    close: refuse,
  }
}
