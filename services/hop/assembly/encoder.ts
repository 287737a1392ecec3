// AssemblyScript, not TypeScript: `make ready` compiles it to .local/wasm/encoder.wasm. Reads one flat event as JSON,
// checks it and encodes it as protobuf, by tables that wasm-encoder.ts makes from the schema. It only ever says
// "certainly valid, and these are the bytes"; at whatever it is not sure of it gives up, and the libraries decide.

/** The longest JSON text, as in sources/http.ts. */
const INPUT_BYTES: usize = 65536

// Of a field: tag, kind, low, high, number of list entries, where the list is; whether there is a pattern, its number
// of steps, where they are.
const FIELD_BYTES: usize = 36
// Of a step: least, most, which of the 128 ASCII characters.
const STEP_BYTES: usize = 24
// Of a name, or of an entry of a list: where the text is, its length, the slot or the number that it means.
const NAME_BYTES: usize = 12
// Of a slot: whether it is set, the number or where the text is, the text's length, its code points.
const SLOT_BYTES: usize = 16

const STRING: u32 = 0
const INTEGER: u32 = 1
const BOOL: u32 = 2
const ENUM: u32 = 3

const UNSURE: i32 = -1

export const input: usize = memory.data(65536)
/** Number of fields, number of names; fields; names; texts. Positions are relative to the start. */
export const table: usize = memory.data(65536)
export const output: usize = memory.data(73728)
/** Strings without their escapes. */
const texts: usize = memory.data(65536)
const slots: usize = memory.data(4096)

let at: usize = 0
let end: usize = 0
/** Where the next text goes; what the last one held. */
let free: usize = 0
let points: u32 = 0

/** Encodes the first `length` bytes of `input` into `output`; answers how many bytes that are, or -1. */
export function encode(length: i32): i32 {
  if (<usize>length > INPUT_BYTES) return UNSURE
  at = input
  end = input + <usize>length
  free = texts
  const fields = <usize>load<u32>(table)
  memory.fill(slots, 0, fields * SLOT_BYTES)
  if (!readObject()) return UNSURE
  return write(fields)
}

function readObject(): bool {
  if (next() != 0x7b /* { */) return false
  let sign = next()
  if (sign != 0x7d /* } */) {
    for (;;) {
      if (sign != 0x22 /* " */) return false
      const slot = readName()
      if (slot < 0 || next() != 0x3a /* : */ || !readValue(<usize>slot)) return false
      sign = next()
      if (sign == 0x7d) break
      if (sign != 0x2c /* , */) return false
      sign = next()
    }
  }
  return next() == 0 && at == end + 1
}

/** The next byte that is no white space; 0 at the end, which `at` then is one beyond. */
function next(): u32 {
  while (at < end) {
    const byte = <u32>load<u8>(at++)
    if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return byte
  }
  at = end + 1
  return 0
}

/** The slot of the name that begins here; -1 when it is unknown or given twice. */
function readName(): i32 {
  const start = at
  while (at < end && load<u8>(at) != 0x22) at++
  if (at >= end) return -1
  const length = at++ - start
  const names = table + 8 + <usize>load<u32>(table) * FIELD_BYTES
  const entry = find(names, load<u32>(table, 4), start, length)
  if (entry == 0) return -1
  const slot = load<u32>(entry, 8)
  if (load<u32>(slots + <usize>slot * SLOT_BYTES) != 0) return -1
  return <i32>slot
}

/** The entry of a list whose text equals; 0 when there is none. */
function find(list: usize, count: u32, text: usize, length: usize): usize {
  for (let index: u32 = 0; index < count; index++) {
    const entry = list + <usize>index * NAME_BYTES
    if (<usize>load<u32>(entry, 4) != length) continue
    if (memory.compare(table + <usize>load<u32>(entry), text, length) == 0) return entry
  }
  return 0
}

function readValue(index: usize): bool {
  const field = table + 8 + index * FIELD_BYTES
  const slot = slots + index * SLOT_BYTES
  const kind = load<u32>(field, 4)
  const first = next()
  store<u32>(slot, 1)
  if (first == 0x22) {
    if (kind == INTEGER) {
      // Proto JSON may have a number as a text.
      if (at >= end || !readNumber(<u32>load<u8>(at++), slot)) return false
      return at < end && load<u8>(at++) == 0x22
    }
    if (kind == BOOL) return false
    const start = free
    if (!readText()) return false
    if (kind == ENUM) {
      const entry = find(listOf(field), load<u32>(field, 16), start, free - start)
      if (entry == 0) return false
      store<u32>(slot, load<u32>(entry, 8), 4)
    } else {
      store<u32>(slot, <u32>start, 4)
      store<u32>(slot, <u32>(free - start), 8)
      store<u32>(slot, points, 12)
    }
    return true
  }
  if (first == 0x74 /* t */ || first == 0x66 /* f */) {
    if (kind != BOOL) return false
    store<u32>(slot, first == 0x74 ? 1 : 0, 4)
    return first == 0x74 ? follows(0x657572, 3) : follows(0x65736c61, 4)
  }
  if (kind != INTEGER && kind != ENUM) return false
  return readNumber(first, slot)
}

/** Whether the next bytes are these letters, the first one lowest. */
function follows(letters: u32, count: usize): bool {
  if (at + count > end) return false
  for (let index: u32 = 0; index < <u32>count; index++) {
    if (<u32>load<u8>(at++) != ((letters >> (8 * index)) & 0xff)) return false
  }
  return true
}

/** Plain digits below 2^31 only; signs, fractions and exponents are left to the libraries. */
function readNumber(first: u32, slot: usize): bool {
  if (first < 0x30 || first > 0x39) return false
  let value: u64 = first - 0x30
  while (at < end) {
    const byte = <u32>load<u8>(at)
    if (byte < 0x30 || byte > 0x39) {
      if (byte == 0x2e || byte == 0x65 || byte == 0x45) return false
      break
    }
    // No number begins with a superfluous 0.
    if (value == 0) return false
    value = value * 10 + (byte - 0x30)
    if (value > 0x7fffffff) return false
    at++
  }
  store<u32>(slot, <u32>value, 4)
  return true
}

/** Reads a string behind its quote to `free`, as UTF-8, and counts its code points. */
function readText(): bool {
  points = 0
  while (at < end) {
    const byte = <u32>load<u8>(at)
    if (byte == 0x22) {
      at++
      return true
    }
    if (byte < 0x20) return false
    points++
    if (byte == 0x5c) {
      at++
      if (!readEscape()) return false
    } else if (byte < 0x80) {
      at++
      store<u8>(free++, byte)
    } else if (!copySequence(byte)) return false
  }
  return false
}

/** Copies one well-formed sequence of two to four bytes (Unicode, table 3-7). */
function copySequence(first: u32): bool {
  if (first < 0xc2 || first > 0xf4) return false
  const length: usize = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + length > end) return false
  const second = <u32>load<u8>(at + 1)
  const low: u32 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80
  const high: u32 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return false
  for (let index: usize = 2; index < length; index++) {
    if ((<u32>load<u8>(at + index) & 0xc0) != 0x80) return false
  }
  for (let index: usize = 0; index < length; index++) store<u8>(free++, load<u8>(at++))
  return true
}

function readEscape(): bool {
  if (at >= end) return false
  const letter = <u32>load<u8>(at++)
  let sign: i32
  switch (letter) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
      sign = letter
      break
    case 0x62: // b
      sign = 8
      break
    case 0x66: // f
      sign = 12
      break
    case 0x6e: // n
      sign = 10
      break
    case 0x72: // r
      sign = 13
      break
    case 0x74: // t
      sign = 9
      break
    case 0x75: // u
      return readUnicodeEscape()
    default:
      return false
  }
  store<u8>(free++, sign)
  return true
}

function readUnicodeEscape(): bool {
  let point = readHex()
  if (point < 0) return false
  if (point >= 0xd800 && point < 0xe000) {
    // Half an emoji is for the libraries to refuse.
    if (point >= 0xdc00 || at + 2 > end || load<u16>(at) != 0x755c /* \u */) return false
    at += 2
    const low = readHex()
    if (low < 0xdc00 || low > 0xdfff) return false
    point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00)
  }
  if (point < 0x80) store<u8>(free++, point)
  else {
    if (point < 0x800) store<u8>(free++, 0xc0 | (point >> 6))
    else {
      if (point < 0x10000) store<u8>(free++, 0xe0 | (point >> 12))
      else {
        store<u8>(free++, 0xf0 | (point >> 18))
        store<u8>(free++, 0x80 | ((point >> 12) & 0x3f))
      }
      store<u8>(free++, 0x80 | ((point >> 6) & 0x3f))
    }
    store<u8>(free++, 0x80 | (point & 0x3f))
  }
  return true
}

/** Four hexadecimal digits; -1 when they are not. */
function readHex(): i32 {
  if (at + 4 > end) return -1
  let value: i32 = 0
  for (let index = 0; index < 4; index++) {
    const byte = <i32>load<u8>(at++)
    const small = byte | 0x20
    if (byte >= 0x30 && byte <= 0x39) value = (value << 4) | (byte - 0x30)
    else if (small >= 0x61 && small <= 0x66) value = (value << 4) | (small - 0x57)
    else return -1
  }
  return value
}

function listOf(field: usize): usize {
  return table + <usize>load<u32>(field, 20)
}

/** Checks each field and writes it, in the order of the tags; fields at their defaults are left out. */
function write(fields: usize): i32 {
  let to = output
  for (let index: usize = 0; index < fields; index++) {
    const field = table + 8 + index * FIELD_BYTES
    const slot = slots + index * SLOT_BYTES
    if (!accepts(field, slot)) return UNSURE
    const value = load<u32>(slot, 4)
    if (load<u32>(field, 4) == STRING) {
      const length = load<u32>(slot, 8)
      if (length == 0) continue
      to = writeVarint(writeVarint(to, load<u32>(field)), length)
      memory.copy(to, <usize>value, <usize>length)
      to += <usize>length
    } else if (value != 0) to = writeVarint(writeVarint(to, load<u32>(field)), value)
  }
  return <i32>(to - output)
}

function accepts(field: usize, slot: usize): bool {
  const kind = load<u32>(field, 4)
  const low = load<i32>(field, 8)
  const high = load<i32>(field, 12)
  const listed = load<u32>(field, 16)
  const value = load<u32>(slot, 4)
  if (kind == STRING) {
    const count = load<i32>(slot, 12)
    if (count < low || count > high) return false
    if (load<u32>(field, 24) != 0 && !matches(field, <usize>value, <usize>load<u32>(slot, 8))) return false
    return listed == 0 || find(listOf(field), listed, <usize>value, <usize>load<u32>(slot, 8)) != 0
  }
  if (kind == INTEGER) return <i32>value >= low && <i32>value <= high
  if (kind == BOOL) return true
  for (let index: u32 = 0; index < listed; index++) {
    if (load<u32>(listOf(field) + <usize>index * NAME_BYTES, 8) == value) return true
  }
  return false
}

/** Each step takes all that it may; patterns where that could be wrong do not come here. */
function matches(field: usize, text: usize, length: usize): bool {
  const last = text + length
  let step = table + <usize>load<u32>(field, 32)
  for (let left = load<u32>(field, 28); left > 0; left--) {
    const least = load<u32>(step)
    const most = load<u32>(step, 4)
    let count: u32 = 0
    while (text < last && count < most) {
      const byte = <u32>load<u8>(text)
      if (byte > 0x7f || ((<u32>load<u8>(step + 8 + <usize>(byte >> 3)) >> (byte & 7)) & 1) == 0) break
      text++
      count++
    }
    if (count < least) return false
    step += STEP_BYTES
  }
  return text == last
}

function writeVarint(to: usize, value: u32): usize {
  while (value > 0x7f) {
    store<u8>(to++, (value & 0x7f) | 0x80)
    value >>= 7
  }
  store<u8>(to++, value)
  return to
}
