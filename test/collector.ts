// A collector in this process: takes spans by OTLP as JSON, and keeps them.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { defer } from './defer.ts'

export type SeenSpan = {
  /** service.name: the hop. */
  hop: string
  name: string
  /** As on the wire: 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number
  traceId: string
  spanId: string
  /** Empty at a root. */
  parentId: string
  attributes: Record<string, unknown>
  /** 0 unset, 1 ok, 2 error. */
  status: number
  message: string
}

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean }
type Attribute = { key: string; value: Value }
type WireSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: Attribute[]
  status?: { code?: number; message?: string }
}
type Body = {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: WireSpan[] }[] }[]
}

const valuesOf = (attributes: Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

function spansOf({ resourceSpans }: Body): SeenSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const hop = String(valuesOf(resource.attributes)['service.name'])
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId = '', name, kind, attributes, status = {} }) => ({
        hop,
        name,
        kind,
        traceId,
        spanId,
        parentId: parentSpanId,
        attributes: valuesOf(attributes),
        status: status.code ?? 0,
        message: status.message ?? '',
      })),
    )
  })
}

/** Listens until the test ends. `answer` says what each post gets; never answering is possible. */
export async function startCollector(t: TestContext, answer: 'ok' | 'refuse' | 'never' = 'ok') {
  const spans: SeenSpan[] = []
  let posts = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      posts++
      if (answer === 'never') return
      if (answer === 'ok') spans.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString()) as Body))
      response.writeHead(answer === 'ok' ? 200 : 400, { 'Content-Type': 'application/json' }).end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  defer(t, () => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, spans, posts: () => posts }
}
