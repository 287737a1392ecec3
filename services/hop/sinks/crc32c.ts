// CRC-32C (Castagnoli, RFC 3720 appendix B.4), which Kafka checks each record batch with; node:zlib has only the other.

const POLYNOMIAL = 0x82f63b78

/** Four tables, so that four bytes go in one step. */
const tables = Array.from({ length: 4 }, () => new Int32Array(256))
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  tables[0]![byte] = crc
}
for (let byte = 0; byte < 256; byte++) {
  for (let step = 1; step < 4; step++) {
    const before = tables[step - 1]![byte]!
    tables[step]![byte] = (before >>> 8) ^ tables[0]![before & 0xff]!
  }
}
const [last, third, second, first] = tables as [Int32Array, Int32Array, Int32Array, Int32Array]

/** The checksum of the bytes from `start` to before `end`. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1
  let at = start
  for (; at + 4 <= end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc = first[crc & 0xff]! ^ second[(crc >>> 8) & 0xff]! ^ third[(crc >>> 16) & 0xff]! ^ last[crc >>> 24]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ last[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
