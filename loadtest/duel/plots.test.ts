import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderPage } from './page.ts'
import { drawPlot } from './plots.ts'
import { sampleJson, sampleTables } from './report-sample.ts'
import { tableOf } from './tables.ts'

test('each figure has a mark, and its numbers in words', () => {
  const { throughput } = sampleTables
  const svg = drawPlot(throughput!, throughput!.plots[0]!)!
  assert.equal(svg.match(/data-row=/g)?.length, 3)
  assert.ok(svg.includes('<title>gRPC, accepted: 11,000 events/s (9,500 to 12,000)</title>'), svg)
})

test('a zero is not drawn on a logarithmic axis, nor is a table without figures', () => {
  const { throughput } = sampleTables
  assert.equal(drawPlot(throughput!, { ...throughput!.plots[0]!, scale: 'log' }), undefined)
  const empty = tableOf({ ...throughput!, rows: { a: 'a' }, cells: () => [] })
  assert.equal(drawPlot(empty, empty.plots[0]!), undefined)
})

test('a page asks for nothing, and no text of a report ends an element early', () => {
  const page = renderPage(sampleJson)
  assert.doesNotMatch(page, /https?:|src=|@import|url\(/)
  assert.equal(page.match(/<\/script>/g)?.length, 1)
  assert.ok(page.includes('wire failed: a &lt;b&gt; &amp; &quot;c&quot;'))
})
