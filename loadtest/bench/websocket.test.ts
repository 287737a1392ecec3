import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frameHead, readFrame } from './websocket.ts'

const serverFrame = (length: number) => {
  const head = frameHead(0x2, length)
  // A server's head is a client's without the mask.
  const unmasked = head.subarray(0, -4)
  unmasked[1]! &= 0x7f
  return Buffer.concat([unmasked, Buffer.alloc(length, 7)])
}

for (const length of [0, 125, 126, 65_535, 65_536, 300_000]) {
  test(`a frame of ${length} bytes is read as it was written`, () => {
    const bytes = Buffer.concat([serverFrame(length), Buffer.from('next')])
    const frame = readFrame(bytes)
    assert.equal(frame?.opcode, 0x2)
    assert.equal(frame.payload.length, length)
    assert.equal(bytes.toString('utf8', frame.end), 'next')
  })
}

test('an incomplete frame waits for the rest', () => {
  const whole = serverFrame(300)
  for (const end of [0, 1, 2, 3, 100, whole.length - 1])
    assert.equal(readFrame(whole.subarray(0, end)), undefined)
})

test('a client masks, with zero', () => {
  const head = frameHead(0x2, 5)
  assert.deepEqual([...head], [0x82, 0x85, 0, 0, 0, 0])
})
