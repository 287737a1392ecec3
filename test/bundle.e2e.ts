import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { bundle } from '../images/bundle.ts'
import { programs } from '../pipelines/images.ts'
import { pipeline as weather } from '../pipelines/weather.ts'
import { startCollector } from './collector.ts'
import { defer } from './defer.ts'
import { startOwn, stores } from './started.ts'
import { until } from './until.ts'

test('the programs of the image, away from the project, bring 1,000 events to every store once, and trace some', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-bundle-'))
  defer(t, () => rm(dir, { recursive: true, force: true }))
  await bundle(dir)
  const there = {
    hop: join(dir, basename(programs.hop)),
    query: join(dir, basename(programs.query)),
  }
  const collector = await startCollector(t)
  const { running, load, assertBalanced } = await startOwn(t, weather, stores, there, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER_ARG: '0.1',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  })
  const accepted = await load({ requests: 1_000, rate: 2_000 }, () => Promise.resolve())
  assert.equal(accepted.size, 1_000)
  assert.equal((await assertBalanced(accepted)).kafka, 1_000)
  const hops = () => new Set(collector.spans.map(({ hop }) => hop)).size
  await until('every hop has sent spans', () => hops() === Object.keys(weather.hops).length, 20_000)
  const page = await fetch(running.queryUrl, { signal: AbortSignal.timeout(5_000) })
  const [, script] = /<script [^>]*src="([^"]+)"/.exec(await page.text()) ?? []
  const asset = await fetch(new URL(script!, running.queryUrl), { signal: AbortSignal.timeout(5_000) })
  assert.deepEqual([asset.status, asset.headers.get('content-type')], [200, 'text/javascript; charset=utf-8'])
})
