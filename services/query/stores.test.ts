import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gauge, Registry } from 'prom-client'
import type { Log } from '../lib/log.ts'
import { createStore, StoreError } from './stores.ts'

function storeWithLog(deadlineMs = 1_000) {
  const lines: string[] = []
  const line = (message: string) => void lines.push(message)
  const log: Log = { debug: () => {}, info: line, warn: line, error: line }
  const up = new Gauge({ name: 'up', help: 'up', labelNames: ['store'], registers: [new Registry()] })
  return { store: createStore('Redis', deadlineMs, up, log), lines, up }
}

test('a call that takes too long rejects at its deadline, and hides the cause from clients', async () => {
  const { store } = storeWithLog(5)
  const failure = await store.call(() => new Promise(() => {})).catch((cause: unknown) => cause)
  assert.ok(failure instanceof StoreError)
  assert.equal(failure.message, 'Redis gave no answer')
  assert.match(String(failure.cause), /no answer within 5 ms/)
})

test('coming and going is logged once each', async () => {
  const { store, lines, up } = storeWithLog()
  const fail = () => store.call(() => Promise.reject(new Error('refused'))).catch(() => 'failed')
  const pass = () => store.call(() => Promise.resolve(1))
  for (const step of [fail, fail, pass, pass, fail]) await step()
  assert.deepEqual(lines, ['store is away', 'store answers', 'store is away'])
  assert.equal((await up.get()).values[0]?.value, 0)
})

test('a store counts as reached from its first answer on', async () => {
  const { store } = storeWithLog()
  let tries = 0
  const probe = () => (++tries < 2 ? Promise.reject(new Error('not yet')) : Promise.resolve())
  const trying = store.keepTrying(probe, new AbortController().signal)
  assert.equal(store.reached(), false)
  await trying
  assert.equal(tries, 2)
  assert.equal(store.reached(), true)
})

test('trying ends when the program does', async () => {
  const { store } = storeWithLog()
  const ending = new AbortController()
  const trying = store.keepTrying(() => Promise.reject(new Error('never')), ending.signal)
  ending.abort()
  await trying
  assert.equal(store.reached(), false)
})
