import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaMessage } from 'kafkajs'
import type { EventDocument } from '../lib/mongo.ts'
import { createReceipts, type ReceiptSources } from './receipts.ts'
import { StoreError } from './stores.ts'

const ID = 'oRiGin-1-7'
const stored: EventDocument = {
  _id: ID,
  some: 'thing',
  time: new Date(0),
  route: 'api',
  log: { topic: 'messages', partition: 1, offset: 41 },
}
const away = () => Promise.reject(new StoreError('it gave no answer'))
const record = (offset: number, identity?: string) =>
  ({
    offset: String(offset),
    headers: identity ? { freshet: Buffer.from(`${identity};1;api`) } : {},
  }) as unknown as KafkaMessage

function sources(overrides: Partial<ReceiptSources> & { records?: KafkaMessage[] } = {}): ReceiptSources {
  const { records = [], ...rest } = overrides
  return {
    getDocument: () => Promise.resolve(null),
    readRedis: () => Promise.resolve([null, null]),
    log: {
      topic: 'messages',
      bounds: () => Promise.resolve(new Map([[1, { low: 10n, high: 100n }]])),
      committed: () => Promise.resolve(new Map([[1, 40n]])),
      find: (_partition, from, until, matches) => {
        const found = records.find(
          (one) => BigInt(one.offset) >= from && BigInt(one.offset) < until && matches(one),
        )
        return Promise.resolve(found && BigInt(found.offset))
      },
    },
    archiver: 'archiver',
    keys: { fences: 'fences', positions: 'positions' },
    ...rest,
  }
}

async function receiptOf(of: ReceiptSources, id = ID) {
  const { status, body } = await createReceipts(of)(id)
  return { status, ...JSON.parse(String(body)) } as Record<string, unknown>
}

test('an archived and counted event is found without a search of the log', async () => {
  const receipt = await receiptOf(
    sources({
      getDocument: () => Promise.resolve(stored),
      readRedis: () => Promise.resolve(['7', null]),
      onSearch: () => assert.fail(),
    }),
  )
  assert.deepEqual(receipt, {
    status: 200,
    id: ID,
    kafka: { topic: 'messages', partition: 1, offset: 41 },
    mongodb: { id: ID, time: '1970-01-01T00:00:00.000Z', route: 'api', some: 'thing', log: stored.log },
    redis: { counted: true },
  })
})

test('a fence below the number means not counted yet', async () => {
  const receipt = await receiptOf(
    sources({ getDocument: () => Promise.resolve(stored), readRedis: () => Promise.resolve(['6', '41']) }),
  )
  assert.deepEqual(receipt['redis'], { counted: false })
})

test('when the fence is gone, the position that has passed the record says that it counts', async () => {
  const of = sources({
    getDocument: () => Promise.resolve(stored),
    readRedis: () => Promise.resolve([null, '42']),
  })
  assert.deepEqual((await receiptOf(of))['redis'], { counted: true })
})

test('what the archiver has not reached is searched for from its position on', async () => {
  const records = [record(39, ID), record(44, 'oRiGin-1-70'), record(45, ID)]
  const receipt = await receiptOf(sources({ records }))
  assert.deepEqual(receipt, {
    status: 200,
    id: ID,
    kafka: { topic: 'messages', partition: 1, offset: 45 },
    mongodb: null,
    redis: { counted: false },
  })
})

test('an event that is archived during the search is found in the second look', async () => {
  let looks = 0
  const receipt = await receiptOf(
    sources({ getDocument: () => Promise.resolve(++looks === 1 ? null : stored) }),
  )
  assert.equal(looks, 2)
  assert.deepEqual(receipt['kafka'], stored.log)
})

test('a foreign record is known by its topic, partition and offset', async () => {
  const records = [record(44), record(45)]
  const receipt = await receiptOf(sources({ records }), 'messages-1-45')
  assert.deepEqual(receipt['kafka'], { topic: 'messages', partition: 1, offset: 45 })
})

test('an id that no store knows is a 404', async () => {
  assert.equal((await receiptOf(sources())).status, 404)
  assert.equal((await receiptOf(sources(), 'oRiGin-9-7')).status, 404)
})

test('a malformed id is a 400 and asks no store', async () => {
  const none = () => assert.fail('must not ask')
  for (const id of [
    '',
    'x',
    'a-1',
    'a-b-c',
    'a-1-0',
    'a-1-x',
    `${'a'.repeat(300)}-1-1`,
    'a-1-99999999999999999999',
    'ü-1-1',
  ]) {
    const receipts = createReceipts(sources({ getDocument: none, readRedis: none }))
    assert.equal((await receipts(id)).status, 400, id)
  }
})

test('a store that is away has an error in its part, and what the others know is a 200', async () => {
  const receipt = await receiptOf(sources({ getDocument: () => Promise.resolve(stored), readRedis: away }))
  assert.equal(receipt.status, 200)
  assert.deepEqual(receipt['redis'], { error: 'it gave no answer' })
})

test('without MongoDB an event below its position is not called missing', async () => {
  const receipt = await receiptOf(sources({ getDocument: away }))
  assert.equal(receipt.status, 503)
  assert.match(JSON.stringify(receipt['kafka']), /MongoDB/)
})

test('with Kafka away a counted event is still a 200', async () => {
  const of = sources({ readRedis: () => Promise.resolve(['9', null]) })
  const receipt = await receiptOf({ ...of, log: { ...of.log!, bounds: away } })
  assert.equal(receipt.status, 200)
  assert.deepEqual(receipt['kafka'], { error: 'it gave no answer' })
})

test('a search that ends at its deadline is an error, not a 404', async () => {
  const of = sources()
  const receipt = await receiptOf({
    ...of,
    log: { ...of.log!, find: () => Promise.resolve('late' as const) },
  })
  assert.equal(receipt.status, 503)
})

test('only so many searches run at once; further ones are told to come again', async () => {
  let finish = () => {}
  const of = sources()
  const find = () => new Promise<undefined>((resolve) => (finish = chain(finish, () => resolve(undefined))))
  const receipts = createReceipts({ ...of, log: { ...of.log!, find } })
  const waiting = Array.from({ length: 4 }, (_, index) => receipts(`oRiGin-1-${index + 1}`))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal((await receipts('oRiGin-1-9')).status, 503)
  finish()
  for (const reply of await Promise.all(waiting)) assert.equal(reply.status, 404)
})

function chain(first: () => void, second: () => void) {
  return () => {
    first()
    second()
  }
}

test('where MongoDB is the log, a receipt names no Kafka, and nothing is searched', async () => {
  const { log: _log, ...document } = stored
  const own = { ...document, log: { at: new Date(5), timeUs: 7_000 } }
  const mongo = { log: undefined, onSearch: () => assert.fail() }
  const found = await receiptOf(
    sources({
      ...mongo,
      getDocument: () => Promise.resolve(own),
      readRedis: () => Promise.resolve(['7', null]),
    }),
  )
  assert.equal(found['status'], 200)
  assert.equal('kafka' in found, false)
  assert.deepEqual(found['redis'], { counted: true })
  assert.equal((await receiptOf(sources(mongo)))['status'], 404)
})
