import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { defer } from '../../test/defer.ts'
import { until } from '../../test/until.ts'
import { countersOf, createGraphReader } from './graph.ts'

/** The admin pages of a hop, as a server whose figures a test sets. */
async function openHop(t: TestContext) {
  const state = { records: 0, accepted: 7, ready: true }
  const server = createServer((request, response) => {
    if (request.url === '/readyz') response.writeHead(state.ready ? 200 : 503).end('log is away\n')
    else
      response.end(
        `# HELP x\nfreshet_hop_records_total{pipeline="p",hop="a"} ${state.records}\n` +
          `freshet_hop_responses_total{status="202",pipeline="p"} ${state.accepted}\n` +
          'freshet_hop_responses_total{status="400",pipeline="p"} 9\n' +
          'freshet_hop_queue_bytes{pipeline="p"} 12\n',
      )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  defer(t, close)
  const admin = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const read = createGraphReader([{ name: 'a', from: 'http', to: ['kafka'], fast: [], admin }])
  return { state, close, read: async () => (await read())[0]! }
}

test('the counters are read from the text that Prometheus reads', () => {
  const text = 'freshet_hop_records_total{a="}"} 3\nfreshet_hop_dead_letters_total 2\nother_records_total 9\n'
  assert.deepEqual(countersOf(text), { records: 3, accepted: 0, queueBytes: 0, deadLetters: 2 })
})

test('a hop is ready, not ready with the reason, or away; its rate is that of its records', async (t) => {
  const { state, close, read } = await openHop(t)
  const first = await read()
  assert.deepEqual([first.health, first.perSecond, first.accepted, first.queueBytes], ['ready', null, 7, 12])
  const began = performance.now()
  state.records = 100
  await until('there is a rate', async () => (await read()).perSecond !== null, 3_000, 50)
  const { perSecond } = await read()
  assert.ok(perSecond! > 0 && perSecond! <= 100 / ((performance.now() - began) / 1_000 - 0.2), `${perSecond}`)

  state.ready = false
  const second = await read()
  assert.deepEqual([second.health, second.reason], ['not ready', 'log is away'])
  close()
  const gone = await read()
  assert.deepEqual([gone.health, gone.perSecond, gone.instances, gone.accepted], ['away', 0, 0, 7])
})

test('a hop that was started anew counts from 0, and its rate is never negative', async (t) => {
  const { state, read } = await openHop(t)
  state.records = 5_000
  await read()
  state.records = 3
  state.accepted = 2
  const again = await read()
  assert.equal(again.perSecond, null)
  assert.equal(again.accepted, 9, 'what it accepted before is not forgotten')
})
