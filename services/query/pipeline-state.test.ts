import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HopState } from '../lib/page-api.ts'
import { readLedger } from './ledger.ts'
import { createPipelineReader } from './pipeline-state.ts'

test('what was accepted is read before the stores, and the log last, so that nothing seems lost under load', async () => {
  const order: string[] = []
  const ledger = () =>
    readLedger({
      log: {
        topic: 'log',
        bounds: () => {
          order.push('log')
          return Promise.resolve(new Map())
        },
        committed: () => Promise.resolve(new Map()),
      },
      countDocuments: () => {
        order.push('mongodb')
        return Promise.resolve(0)
      },
      readRedis: () => {
        order.push('redis')
        return Promise.resolve(['0', [], []])
      },
      keys: { total: 't', positions: 'p', fences: 'f' },
      groups: [],
    })
  const hops = () => {
    order.push('hops')
    return Promise.resolve<HopState[]>([])
  }
  await createPipelineReader('weather', hops, ledger)()
  assert.deepEqual(order, ['hops', 'redis', 'mongodb', 'log'])
})
