import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Partitioners } from 'kafkajs'
import { createPartitioner } from './partition.ts'

let state = 7
/** Park and Miller's generator: the same numbers on every run. */
const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647

const letters = ['a', 'Z', '7', ' ', 'ñ', '本', '😀', '\u0000']
const randomKey = () =>
  Array.from(
    { length: Math.floor(random() * 24) },
    () => letters[Math.floor(random() * letters.length)],
  ).join('')

for (const partitions of [1, 4, 7, 100]) {
  test(`a key belongs to the partition that kafkajs' default partitioner names, of ${partitions}`, () => {
    const partitionOf = createPartitioner(partitions)
    const theirs = Partitioners.DefaultPartitioner()
    const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 1,
      replicas: [1],
      isr: [1],
    }))
    for (let n = 0; n < 5_000; n++) {
      const key = randomKey()
      const expected = theirs({ topic: 't', partitionMetadata, message: { key, value: null } })
      assert.equal(partitionOf(key), expected, JSON.stringify(key))
      assert.equal(partitionOf(key), expected, `${JSON.stringify(key)}, remembered`)
    }
  })
}

test('the empty key is a key, and a missing key goes to each partition in turn', () => {
  const partitionOf = createPartitioner(3)
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => partitionOf(undefined)),
    [0, 1, 2, 0, 1, 2],
  )
  assert.equal(partitionOf(''), partitionOf(''))
})
