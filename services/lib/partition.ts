// Which partition a key belongs to: Kafka's own rule, so that any other producer agrees.

/** murmur2 of the key's UTF-8 bytes with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2). */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  const m = 0x5bd1e995
  let h = 0x9747b28c ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    h = Math.imul(h, m) ^ Math.imul(k, m)
  }
  const rest = length - at
  if (rest > 2) h ^= bytes[at + 2]! << 16
  if (rest > 1) h ^= bytes[at + 1]! << 8
  if (rest > 0) h = Math.imul(h ^ bytes[at]!, m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}

/** Most distinct keys are few and repeat; the bound keeps invented ones from filling the memory. */
const CACHE_KEYS = 4_096

/** Returns a function that maps a key to 0 … partitions-1, and a missing key to each in turn. */
export function createPartitioner(partitions: number): (key: string | undefined) => number {
  const known = new Map<string, number>()
  let turn = 0
  return (key) => {
    if (key === undefined) return turn++ % partitions
    let partition = known.get(key)
    if (partition === undefined) {
      partition = (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions
      if (known.size >= CACHE_KEYS) known.clear()
      known.set(key, partition)
    }
    return partition
  }
}
