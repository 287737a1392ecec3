import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { loadEventType } from '../lib/event-type.ts'
import { viewsOf } from '../lib/views.ts'
import type { Ledger } from './ledger.ts'
import { addLedgerMetrics, createFillReader, recordsOf } from './ledger-metrics.ts'
import { StoreError } from './stores.ts'

const ledger: Ledger = {
  log: { records: 25, partitions: { 0: { low: 0, high: 10 }, 1: { low: 5, high: 20 } } },
  mongodb: { documents: 30 },
  redis: { total: 29, positions: {}, fencesSum: 29 },
  lag: { archiver: 5 },
  at: '',
}
const away = { error: 'it gave no answer' }

test('Kafka counts what was ever appended, also what it has deleted since', () => {
  assert.deepEqual(recordsOf(ledger), [
    ['kafka', 30],
    ['mongodb', 30],
    ['redis', 29],
  ])
})

test('a store that is away has no series, and comes back with it', async () => {
  const registry = new Registry()
  let now: Ledger = ledger
  const none = () => Promise.resolve(undefined)
  addLedgerMetrics(registry, {
    readLedger: () => Promise.resolve(now),
    readSize: none,
    readFill: () => Promise.resolve([]),
  })
  const lines = async () =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('freshet_'))
  const [kafka, mongodb, redis] = ['kafka} 30', 'mongodb} 30', 'redis} 29'].map(
    (text) => `freshet_query_ledger_records{store="${text.replace('}', '"}')}`,
  )
  const lag = 'freshet_query_lag_records{group="archiver"} 5'
  assert.deepEqual(await lines(), [kafka, mongodb, redis, lag])
  now = { ...ledger, log: away, lag: away, redis: away }
  assert.deepEqual(await lines(), [mongodb])
  now = ledger
  assert.deepEqual(await lines(), [kafka, mongodb, redis, lag])
})

test('a view is as full as it has keys, and (other) is none', async () => {
  const keys = viewsOf(loadEventType('scenarios.Prediction').schema, 'p')
  const asked: string[][] = []
  const read = createFillReader('p', keys, (commands) => {
    asked.push(...commands)
    return Promise.resolve([8, 0, 10_001, 1, 5, 0])
  })
  const fill = await read()
  assert.deepEqual(
    fill.map(({ keys: count, maxKeys }) => [count, maxKeys]),
    [
      [8, 3_000],
      [10_000, 10_000],
      [5, 2_000],
    ],
  )
  assert.deepEqual(
    asked.map(([command]) => command),
    ['HLEN', 'HEXISTS', 'HLEN', 'HEXISTS', 'SCARD', 'SISMEMBER'],
  )
  const failing = createFillReader('p', keys, () => Promise.reject(new StoreError('away')))
  assert.deepEqual(await failing(), [])
})
