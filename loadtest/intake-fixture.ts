// A real intake for tests: node:http, answers 202 with a receipt unless a rule says otherwise.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export type Intake = {
  url: URL
  /** Every body that arrived, in order of arrival. */
  bodies: string[]
  /** The most requests that were under way at once. */
  mostAtOnce: number
}

/** `nth` counts arrivals from 1. Answer and return true, or return false for the 202. */
export type Rule = (nth: number, request: IncomingMessage, response: ServerResponse) => boolean

export async function startIntake(t: TestContext, rule: Rule = () => false): Promise<Intake> {
  const bodies: string[] = []
  let atOnce = 0
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    intake.mostAtOnce = Math.max(intake.mostAtOnce, (atOnce += 1))
    response.on('close', () => (atOnce -= 1))
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    const nth = bodies.push(`${request.method} ${request.url} ${body}`)
    if (rule(nth, request, response)) return
    response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ id: `o-0-${nth}` }))
  }
  const server = createServer((request, response) => {
    // A client that goes away in the middle of its body is part of the tests.
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const intake: Intake = { url: new URL(`http://127.0.0.1:${port}/input`), bodies, mostAtOnce: 0 }
  return intake
}

/** An address where nothing listens. */
export async function closedAddress(): Promise<URL> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return new URL(`http://127.0.0.1:${port}/input`)
}
