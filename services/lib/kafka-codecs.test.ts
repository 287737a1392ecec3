// What is no compressed batch is an error, never a hang or half a batch. Whole batches: test/foreign-producer.e2e.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unlz4, unsnappy } from './kafka-codecs.ts'

const frame = (...block: number[]) =>
  Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, block.length, 0, 0, 0, ...block, 0, 0, 0, 0])

test('the formats’ shortest forms: literals, and a copy that overlaps itself', () => {
  assert.equal(unsnappy(Buffer.from([9, 0x08, 97, 98, 99, 0x09, 3])).toString(), 'abcabcabc')
  assert.equal(unlz4(frame(0x35, 97, 98, 99, 3, 0, 0x10, 100)).toString(), 'abcabcabcabcd')
})

const broken: [name: string, of: () => Buffer, error: RegExp][] = [
  ['Snappy without a length', () => unsnappy(Buffer.from([0xff])), /no length/],
  ['Snappy that refers to before its beginning', () => unsnappy(Buffer.from([4, 0x01, 1])), /not there/],
  ['Snappy whose literal ends early', () => unsnappy(Buffer.from([9, 0x20, 97])), /ends early/],
  ['Snappy of another length than it says', () => unsnappy(Buffer.from([5, 0x04, 97, 98])), /holds 2 bytes/],
  ['Snappy that becomes too large', () => unsnappy(bomb()), /above 67108864 bytes/],
  ['LZ4 without a frame', () => unlz4(Buffer.alloc(20)), /no frame/],
  ['LZ4 whose block ends early', () => unlz4(frame(0x30, 97).subarray(0, 12)), /ends early|range/],
  ['LZ4 that refers to before its beginning', () => unlz4(frame(0x10, 97, 9, 0, 0)), /not there/],
]
for (const [name, decompress, error] of broken)
  test(`${name} is an error`, () => assert.throws(decompress, error))

/** One letter, and then copies of it, 64 bytes for every three. */
function bomb(): Buffer {
  const copies = Buffer.alloc(3 * 1_100_000)
  for (let at = 0; at < copies.length; at += 3) copies.set([0xfe, 1, 0], at)
  return Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 0, 97]), copies])
}
