import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimOf } from './claim.ts'
import { tableOf } from './tables.ts'

const table = (rounds: Record<string, Record<string, number[]>>) =>
  tableOf({
    title: '',
    columns: Object.fromEntries(
      Object.keys(Object.values(rounds)[0]!).map((name) => [name, { title: name, unit: '' }]),
    ),
    rows: Object.fromEntries(Object.keys(rounds).map((name) => [name, name])),
    plots: [],
    remarks: [],
    cells: (row, column) => rounds[row]![column]!,
  })

test('a higher rate and a shorter time both mean faster, round by round', () => {
  const claim = claimOf({
    encoding: table({ js: { micros: [2, 4] }, wasm: { micros: [1, 1] } }),
    throughput: table({ grpc: { c4: [200, 400] }, wasm: { c4: [100, 200] } }),
  })!
  const ratios = Object.entries(claim.rows).map(([name, { cells }]) => [name, cells['ratio']!.rounds])
  assert.deepEqual(ratios, [
    ['encoding', [0.5, 0.25]],
    ['c4', [2, 2]],
  ])
  assert.match(claim.remarks.at(-1)!, /holds for: whole route, 4 clients$/)
})

test('where nothing is about twice as fast, that is said; without figures there is no claim', () => {
  const claim = claimOf({ encoding: table({ js: { micros: [2] }, wasm: { micros: [1] } }) })!
  assert.match(claim.remarks.at(-1)!, /nothing that was measured/)
  assert.equal(claimOf({}), undefined)
})
