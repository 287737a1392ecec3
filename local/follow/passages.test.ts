import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHopMetrics } from '../../services/hop/metrics.ts'
import { pipeline } from '../../pipelines/weather.ts'
import { hopsFrom, parseTotals, passageBetween } from './passages.ts'

test('the totals are read from the page that a hop has for Prometheus', async () => {
  const metrics = createHopMetrics('weather', 'api')
  metrics.batches.inc(2)
  metrics.records.inc(30)
  for (const seconds of [0.25, 0.5]) metrics.batchSeconds.observe(seconds)
  metrics.freshnessSeconds.observe({ sink: 'grpc', by: 'to' }, 0.125)
  metrics.freshnessSeconds.observe({ sink: 'ws', by: 'then' }, 4)
  const totals = { batches: 2, records: 30, batchMs: 750, ageMs: 125 }
  assert.deepEqual(parseTotals(await metrics.registry.metrics()), totals)
  assert.throws(() => parseTotals('up 1\n'), /the metrics have no freshet_hop_batches_total/)
})

const before = { batches: 5, records: 5, batchMs: 100, ageMs: 200 }
const passages = [
  ['one event', { batches: 6, records: 6, batchMs: 103, ageMs: 207 }, { tookMs: 3, ageMs: 7 }],
  ['nothing', before, undefined],
  ['one batch of two', { batches: 6, records: 7, batchMs: 103, ageMs: 207 }, undefined],
  ['two batches', { batches: 7, records: 7, batchMs: 103, ageMs: 207 }, undefined],
] as const
for (const [what, after, passage] of passages) {
  test(`sums tell how long an event took only when it was alone: ${what}`, () => {
    assert.deepEqual(passageBetween(before, after), passage)
  })
}

test('an event comes through what its intake feeds, over links, fast paths and the log, and through no other', () => {
  const graph = {
    ...pipeline,
    hops: {
      ...pipeline.hops,
      other: { pod: 'b', from: { http: 8_090 }, to: [{ store: 'redis' as const }] },
    },
  }
  assert.deepEqual([...hopsFrom(graph, 'other')], ['other'])
  assert.deepEqual([...hopsFrom(graph, 'api')].toSorted(), Object.keys(pipeline.hops).toSorted())
})
