import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as uWS from 'uWebSockets.js'
import { listen } from '../lib/admin.ts'
import { createLog } from '../lib/log.ts'
import { defer } from '../../test/defer.ts'
import { createPages, json } from './answer.ts'
import { prepareDeparture } from '../lib/departure.ts'
import { createQueryMetrics } from './metrics.ts'
import { StoreError } from './stores.ts'

test('every reply has the headers that all have, those of errors too', async (t) => {
  const app = uWS.App()
  const log = createLog({ program: 'query', pipeline: 'test' })
  const origin = 'https://pages.example.com'
  const pages = createPages(app, prepareDeparture(app), createQueryMetrics('test'), log, {
    'Access-Control-Allow-Origin': origin,
  })
  pages.get('/good', () => json(200, {}))
  pages.get('/bad', () => {
    throw new StoreError('Redis is away')
  })
  pages.refuseOthers()
  const { port } = await listen(app, '127.0.0.1:0')
  defer(t, () => app.close())
  for (const [path, status] of [
    ['/good', 200],
    ['/bad', 503],
    ['/none', 404],
  ] as const) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    assert.equal(response.status, status)
    assert.equal(response.headers.get('access-control-allow-origin'), origin)
    await response.body?.cancel()
  }
})
