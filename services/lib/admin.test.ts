import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Registry } from 'prom-client'
import * as uWS from 'uWebSockets.js'
import { addAdminPages, listen } from './admin.ts'
import { defer } from '../../test/defer.ts'

test('liveness is 200 while readiness says why no traffic may come, and metrics are Prometheus text', async (t) => {
  const metrics = new Registry()
  new Counter({ name: 'tests_total', help: 'Tests.', registers: [metrics] }).inc(3)
  let reason: string | undefined = 'kafka is away'
  const app = uWS.App()
  addAdminPages(app, { notReady: () => reason, metrics })
  const { port } = await listen(app, '127.0.0.1:0')
  defer(t, () => app.close())
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return [response.status, await response.text()] as const
  }

  assert.deepEqual(await get('/healthz'), [200, 'ok\n'])
  assert.deepEqual(await get('/readyz'), [503, 'kafka is away\n'])
  reason = undefined
  assert.deepEqual(await get('/readyz'), [200, 'ready\n'])
  const [status, text] = await get('/metrics')
  assert.equal(status, 200)
  assert.match(text, /# TYPE tests_total counter\ntests_total 3/)
})

test('a port that is taken is an error that names it, and a port that was let go is free', async (t) => {
  const first = uWS.App()
  const { port, stopAccepting } = await listen(first, '127.0.0.1:0')
  defer(t, () => first.close())
  const second = uWS.App()
  defer(t, () => second.close())
  await assert.rejects(listen(second, `127.0.0.1:${port}`), new RegExp(`cannot listen on 127.0.0.1:${port}`))
  stopAccepting()
  assert.equal((await listen(second, `127.0.0.1:${port}`)).port, port)
})
