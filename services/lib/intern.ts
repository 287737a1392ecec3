// Strings of short values that repeat.

/** How often a slot is tried before a text is decoded anew. */
const PROBES = 4
const SLOTS = 4_096

/**
 * Turns the bytes of a short value into a string without decoding it each time: values repeat (a few hundred
 * countries), and decoding costs ten times what comparing does.
 */
export function createInterner(decode: (bytes: Uint8Array, start: number, end: number) => string) {
  const slots: ({ bytes: Uint8Array; text: string } | undefined)[] = Array.from(
    { length: SLOTS },
    () => undefined,
  )
  return (bytes: Uint8Array, start: number, end: number): string => {
    let hash = 0x811c9dc5
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
    const first = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (first + probe) & (SLOTS - 1)
      const known = slots[slot]
      if (known === undefined) return (slots[slot] = remember(bytes, start, end)).text
      if (same(known.bytes, bytes, start, end)) return known.text
    }
    // Newcomers push out the first, so that invented values cannot hold the table.
    return (slots[first] = remember(bytes, start, end)).text
  }
  function remember(bytes: Uint8Array, start: number, end: number) {
    return { bytes: bytes.slice(start, end), text: decode(bytes, start, end) }
  }
}

function same(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false
  return true
}
