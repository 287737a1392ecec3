import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from './format-tables.ts'
import { sampleTables } from './report-sample.ts'
import { cellOf } from './tables.ts'

test('a cell keeps its rounds with their median and spread, and rounds without a value are left out', () => {
  assert.deepEqual(cellOf([3, undefined, 1, Number.NaN]), { rounds: [3, 1], median: 2, least: 1, most: 3 })
  assert.equal(cellOf([undefined]), undefined)
})

test('a table for the terminal has the spread of several rounds, none of one, and a dash where nothing is', () => {
  const lines = formatTable(sampleTables['ack']!).split('\n')
  assert.deepEqual(lines, [
    'Acknowledgement',
    '                         p50, ms   p99, ms',
    '  gRPC           0.21 (0.2–0.25)  4 (3–90)',
    '  HTTP & more                  7     1,810',
    '  </script> "C"   1.45 (1.4–1.5)         –',
    '  a remark',
  ])
})
