import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lagOf, readLedger, type LedgerSources } from './ledger.ts'
import { StoreError } from './stores.ts'

const bounds = new Map([
  [1, { low: 5n, high: 25n }],
  [0, { low: 0n, high: 10n }],
])
const sources: LedgerSources = {
  log: {
    topic: 'messages',
    bounds: () => Promise.resolve(bounds),
    committed: (group) =>
      Promise.resolve(
        new Map(
          group === 'archiver'
            ? [
                [0, 10n],
                [1, 20n],
              ]
            : [],
        ),
      ),
  },
  countDocuments: () => Promise.resolve(25),
  readRedis: () =>
    Promise.resolve(['25', ['messages-0', '10'], ['o-0', '10', 'o-1', '15', 'messages-1', '900']]),
  keys: { total: 'total', positions: 'positions', fences: 'fences' },
  groups: ['archiver', 'repair'],
}

test('the ledger says how much each store has, and who lags', async () => {
  const { at, ...ledger } = await readLedger(sources)
  assert.ok(!Number.isNaN(Date.parse(at)))
  assert.deepEqual(ledger, {
    log: { records: 30, partitions: { 0: { low: 0, high: 10 }, 1: { low: 5, high: 25 } } },
    mongodb: { documents: 25 },
    // The fence of foreign records is an offset, so it is not in the sum.
    redis: { total: 25, positions: { 'messages-0': 10 }, fencesSum: 25 },
    lag: { archiver: 5, repair: 30 },
  })
})

test('where MongoDB is the log, the ledger has no Kafka', async () => {
  const { at, ...ledger } = await readLedger({ ...sources, log: undefined, groups: [] })
  assert.ok(at)
  assert.deepEqual(ledger, {
    mongodb: { documents: 25 },
    redis: { total: 25, positions: { 'messages-0': 10 }, fencesSum: 925 },
  })
})

test('a store that is away has an error where its figures would be', async () => {
  const away = () => Promise.reject(new StoreError('it gave no answer'))
  const ledger = await readLedger({
    ...sources,
    log: { ...sources.log!, bounds: away },
    countDocuments: away,
  })
  const error = { error: 'it gave no answer' }
  assert.deepEqual([ledger.log, ledger.mongodb, ledger.lag], [error, error, error])
  assert.ok('total' in ledger.redis)
})

test('a group that has committed nothing, or what the log has deleted, lags by what there is', () => {
  assert.equal(lagOf(bounds, new Map()), 30)
  assert.equal(lagOf(bounds, new Map([[1, 2n]])), 30)
  assert.equal(
    lagOf(
      bounds,
      new Map([
        [0, 99n],
        [1, 99n],
      ]),
    ),
    0,
  )
})
