// Reads what foreign producers compress with. kafkajs knows gzip only, and one batch of another kind, which is what other
// languages' clients send by default, would end its consumer for good. We write nothing compressed.
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import kafkajs from 'kafkajs'

/** The most that one record batch may become; brokers bound its compressed form (1 MiB by default). */
const MAX_BYTES = 67_108_864

const { CompressionCodecs, CompressionTypes } = kafkajs
const unzstd = promisify(zstdDecompress)

/** Makes every consumer of this program read Snappy, LZ4 and Zstandard. */
export function registerCodecs(): void {
  const reader = (decompress: (bytes: Buffer) => Buffer | Promise<Buffer>) => () => ({
    compress: () => Promise.reject(new Error('compressed batches are only read here')),
    decompress: async (bytes: Buffer) => decompress(bytes),
  })
  CompressionCodecs[CompressionTypes.Snappy] = reader(unsnappy)
  CompressionCodecs[CompressionTypes.LZ4] = reader(unlz4)
  CompressionCodecs[CompressionTypes.ZSTD] = reader((bytes) => unzstd(bytes, { maxOutputLength: MAX_BYTES }))
}

/** What is read of the output again is a copy, so both formats end in this. Throws beyond MAX_BYTES. */
function createOutput(expectedBytes: number) {
  let into = Buffer.allocUnsafe(Math.min(expectedBytes, MAX_BYTES))
  let length = 0
  const reserve = (bytes: number) => {
    if (length + bytes > MAX_BYTES) throw new Error(`a record batch is above ${MAX_BYTES} bytes`)
    if (length + bytes <= into.length) return
    const larger = Buffer.allocUnsafe(Math.min(MAX_BYTES, Math.max(2 * into.length, length + bytes)))
    into.copy(larger, 0, 0, length)
    into = larger
  }
  return {
    literal(from: Buffer, start: number, end: number) {
      if (end > from.length) throw new Error('a compressed batch ends early')
      reserve(end - start)
      from.copy(into, length, start, end)
      length += end - start
    },
    /** Source and target may overlap, which is how runs are written. */
    copy(distance: number, bytes: number) {
      if (distance === 0 || distance > length)
        throw new Error('a compressed batch refers to what is not there')
      reserve(bytes)
      for (let left = bytes; left > 0; left--, length++) into[length] = into[length - distance]!
    },
    taken: () => into.subarray(0, length),
  }
}

const XERIAL = Buffer.from('\x82SNAPPY\0', 'latin1')

/** Snappy, as one block or in the framing that Java clients write: magic, two versions, then length and block. */
export function unsnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return unsnappyBlock(bytes)
  const blocks: Buffer[] = []
  let sum = 0
  for (let at = XERIAL.length + 8; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at)
    const block = unsnappyBlock(bytes.subarray(at + 4, end))
    if ((sum += block.length) > MAX_BYTES) throw new Error(`a record batch is above ${MAX_BYTES} bytes`)
    blocks.push(block)
    at = end
  }
  return Buffer.concat(blocks)
}

/** https://github.com/google/snappy/blob/main/format_description.txt */
function unsnappyBlock(bytes: Buffer): Buffer {
  let at = 0
  let expected = 0
  for (let shift = 0, byte = 0x80; byte > 0x7f; shift += 7) {
    if (shift > 28 || at >= bytes.length) throw new Error('a Snappy block has no length')
    byte = bytes[at++]!
    expected += (byte & 0x7f) * 2 ** shift
  }
  const output = createOutput(expected)
  while (at < bytes.length) {
    const tag = bytes[at++]!
    const high = tag >> 2
    switch (tag & 3) {
      case 0: {
        const more = Math.max(0, high - 59)
        const length = (more === 0 ? high : bytes.readUIntLE(at, more)) + 1
        at += more
        output.literal(bytes, at, at + length)
        at += length
        break
      }
      case 1:
        output.copy(((tag >> 5) << 8) | bytes.readUInt8(at), 4 + (high & 7))
        at += 1
        break
      case 2:
        output.copy(bytes.readUInt16LE(at), high + 1)
        at += 2
        break
      default:
        output.copy(bytes.readUInt32LE(at), high + 1)
        at += 4
    }
  }
  const result = output.taken()
  if (result.length !== expected)
    throw new Error(`a Snappy block holds ${result.length} bytes and says ${expected}`)
  return result
}

const LZ4_MAGIC = 0x184d2204
const LZ4_UNCOMPRESSED = 0x80000000

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md; Kafka's own checksum covers it, so its are not read. */
export function unlz4(bytes: Buffer): Buffer {
  if (bytes.readUInt32LE(0) !== LZ4_MAGIC) throw new Error('an LZ4 batch has no frame')
  const flags = bytes.readUInt8(4)
  const has = (bit: number) => (flags & bit) !== 0
  let at = 6 + (has(0x08) ? 8 : 0) + (has(0x01) ? 4 : 0) + 1
  const output = createOutput(4 * bytes.length)
  for (;;) {
    const size = bytes.readUInt32LE(at)
    at += 4
    if (size === 0) return output.taken()
    const end = at + (size & ~LZ4_UNCOMPRESSED)
    if (end > bytes.length) throw new Error('a compressed batch ends early')
    if (size >= LZ4_UNCOMPRESSED) output.literal(bytes, at, end)
    else unlz4Block(bytes, at, end, output)
    at = end + (has(0x10) ? 4 : 0)
  }
}

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
function unlz4Block(
  bytes: Buffer,
  start: number,
  end: number,
  output: ReturnType<typeof createOutput>,
): void {
  let at = start
  const lengthOf = (nibble: number) => {
    let length = nibble
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; length += byte) byte = bytes.readUInt8(at++)
    return length
  }
  while (at < end) {
    const token = bytes[at++]!
    const literals = lengthOf(token >> 4)
    output.literal(bytes, at, at + literals)
    at += literals
    // The last sequence has no match.
    if (at >= end) return
    const distance = bytes.readUInt16LE(at)
    at += 2
    output.copy(distance, lengthOf(token & 15) + 4)
  }
}
