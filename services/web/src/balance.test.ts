import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HopState, LedgerState } from '../../lib/page-api.ts'
import { balanceOf } from './balance.ts'

const hops = (accepted: number, deadLetters = 0) =>
  [
    { accepted, deadLetters },
    { accepted: null, deadLetters: 0 },
  ] as HopState[]
const ledger = (records: number, documents: number, total: number, low = 0): LedgerState => ({
  log: { records, partitions: { 0: { low, high: records + low } } },
  mongodb: { documents },
  redis: { total, positions: {}, fencesSum: total },
})

const cases: [
  what: string,
  hops: HopState[],
  ledger: LedgerState,
  verdict: string,
  inFlight: number | undefined,
][] = [
  ['all have all', hops(5), ledger(5, 5, 5), 'balanced', 0],
  ['a store lacks some', hops(5), ledger(5, 3, 4), 'moving', 2],
  ['what lies in the dead letters comes nowhere else', hops(5, 1), ledger(5, 4, 4), 'balanced', 0],
  ['a store has more than the log', hops(5), ledger(5, 6, 5), 'unbalanced', 0],
  ['the log lacks what was accepted', hops(6), ledger(5, 5, 5), 'unbalanced', 0],
  ['a log that has forgotten its beginning', hops(9), ledger(5, 9, 9, 4), 'balanced', 0],
  ['a store is away', hops(5), { ...ledger(5, 5, 5), mongodb: { error: 'away' } }, 'unknown', undefined],
]
for (const [what, of, stores, verdict, inFlight] of cases) {
  test(`${what}: ${verdict}`, () => {
    const balance = balanceOf({ hops: of, ledger: stores })
    assert.equal(balance.verdict, verdict)
    assert.equal(balance.inFlight, inFlight)
  })
}

test('what the log has beyond the accepted is unacknowledged; where MongoDB is the log it is compared', () => {
  assert.equal(balanceOf({ hops: hops(3), ledger: ledger(5, 5, 5) }).unacknowledged, 2)
  const { log: _log, ...withoutKafka } = ledger(0, 7, 6)
  const balance = balanceOf({ hops: hops(7), ledger: withoutKafka })
  assert.deepEqual([balance.hasKafka, balance.unacknowledged, balance.inFlight], [false, 0, 1])
})
