// The wire form of events: what the hops read of it without decoding whole messages.
import { ScalarType, type DescField } from '@bufbuild/protobuf'

/** Bytes that the varint of `value` (below 2^32) takes. */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
}

/** Writes `value` (below 2^32) as a varint and returns the position after it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  while (value > 0x7f) {
    into[at++] = (value & 0x7f) | 0x80
    value >>>= 7
  }
  into[at++] = value
  return at
}

/** Joins events to the form of `Run.events`: each as its length and its bytes. */
export function joinEvents(events: readonly Uint8Array[]): Uint8Array {
  let bytes = 0
  for (const event of events) bytes += varintBytes(event.length) + event.length
  const joined = new Uint8Array(bytes)
  let at = 0
  for (const event of events) {
    at = writeVarint(joined, at, event.length)
    joined.set(event, at)
    at += event.length
  }
  return joined
}

/**
 * Calls `visit` with each event's index, start and end in `events`.
 * Throws when the lengths do not add up or are not `count`.
 */
export function eachEvent(
  events: Uint8Array,
  count: number,
  visit: (index: number, start: number, end: number) => void,
): void {
  let at = 0
  for (let index = 0; index < count; index++) {
    let length = events[at++] ?? fail(index)
    if (length > 0x7f) {
      length &= 0x7f
      for (let shift = 7; ; shift += 7) {
        const byte = events[at++] ?? fail(index)
        if (shift > 28) fail(index)
        length += (byte & 0x7f) * 2 ** shift
        if (byte < 0x80) break
      }
    }
    const end = at + length
    if (end > events.length) fail(index)
    visit(index, at, end)
    at = end
  }
  if (at !== events.length) fail(count)
}

function fail(index: number): never {
  throw new Error(`the run's events end inside or after event ${index}`)
}

/** Copies the events of a run apart. They share `events`' memory. */
export function splitEvents(events: Uint8Array, count: number): Uint8Array[] {
  const apart: Uint8Array[] = []
  eachEvent(events, count, (_index, start, end) => apart.push(events.subarray(start, end)))
  return apart
}

/** Where the last value of a field lies in an event. `end` is -1 when the field is absent. */
export type Span = {
  start: number
  end: number
  /** The varint's value as a signed 64-bit number, where it is one; exact to 53 bits. */
  varint: number
}

/**
 * Finds the singular fields `numbers` of the event at [start, end) in one pass; `spans[i]` receives field
 * `numbers[i]`. Returns false when the bytes are not a well-formed message.
 */
export function findFields(
  bytes: Uint8Array,
  start: number,
  end: number,
  numbers: readonly number[],
  spans: readonly Span[],
): boolean {
  for (const span of spans) span.end = -1
  let at = start
  while (at < end) {
    let tag = bytes[at++]!
    if (tag > 0x7f) {
      tag &= 0x7f
      for (let shift = 7; ; shift += 7) {
        if (at >= end || shift > 28) return false
        const byte = bytes[at++]!
        tag += (byte & 0x7f) * 2 ** shift
        if (byte < 0x80) break
      }
    }
    const wireType = tag & 7
    const slot = numbers.indexOf(tag >>> 3)
    const from = at
    let varint = 0
    if (wireType === 0 || wireType === 2) {
      varint = bytes[at++]!
      if (varint > 0x7f) {
        varint &= 0x7f
        let high = 0
        for (let shift = 7; ; shift += 7) {
          if (at >= end || shift > 63) return false
          const byte = bytes[at++]!
          if (shift < 28) varint += (byte & 0x7f) << shift
          else high += (byte & 0x7f) * 2 ** (shift - 28)
          if (byte < 0x80) break
        }
        // Two's complement over 64 bits, of which 28 are in `varint`: in one sum, -1 would lose its low bits.
        if (high >= 2 ** 35) high -= 2 ** 36
        varint += high * 2 ** 28
      }
      if (wireType === 2) {
        const valueStart = at
        at += varint
        if (varint < 0 || at > end) return false
        if (slot >= 0) {
          const span = spans[slot]!
          span.start = valueStart
          span.end = at
        }
        continue
      }
    } else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else return false
    if (at > end) return false
    if (slot >= 0) {
      const span = spans[slot]!
      span.start = from
      span.end = at
      span.varint = varint
    }
  }
  return at === end
}

/** Turns a field's span into the text under which views count it. An absent field has its default's text. */
export function fieldText(field: DescField): (bytes: Uint8Array, span: Span) => string {
  if (field.fieldKind === 'enum') {
    const names = new Map(field.enum.values.map(({ number, name }) => [number, name]))
    return (_bytes, span) => {
      const number = span.end < 0 ? 0 : span.varint | 0
      return names.get(number) ?? String(number)
    }
  }
  if (field.fieldKind !== 'scalar') throw new Error(`${field.name}: views read scalar and enum fields only`)
  if (field.scalar === ScalarType.STRING) {
    return (bytes, span) => (span.end < 0 ? '' : utf8(bytes, span.start, span.end))
  }
  if (field.scalar === ScalarType.BOOL)
    return (_bytes, span) => (span.end >= 0 && span.varint ? 'true' : 'false')
  const number = fieldNumber(field)
  return (bytes, span) => String(number(bytes, span))
}

/** Turns a numeric field's span into its value. 64-bit values beyond 2^53 lose precision. */
export function fieldNumber(field: DescField): (bytes: Uint8Array, span: Span) => number {
  if (field.fieldKind !== 'scalar') throw new Error(`${field.name}: not a number`)
  switch (field.scalar) {
    case ScalarType.UINT32:
      return (_bytes, span) => (span.end < 0 ? 0 : span.varint >>> 0)
    case ScalarType.UINT64:
      return (_bytes, span) => (span.end < 0 ? 0 : span.varint < 0 ? span.varint + 2 ** 64 : span.varint)
    case ScalarType.INT32:
      return (_bytes, span) => (span.end < 0 ? 0 : span.varint | 0)
    case ScalarType.INT64:
      return (_bytes, span) => (span.end < 0 ? 0 : span.varint)
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT: {
      const float = field.scalar === ScalarType.FLOAT
      return (bytes, span) => {
        if (span.end < 0) return 0
        const view = new DataView(bytes.buffer, bytes.byteOffset + span.start)
        return float ? view.getFloat32(0, true) : view.getFloat64(0, true)
      }
    }
    default:
      throw new Error(
        `${field.name}: views read strings, bools, enums, int32, int64, uint32, uint64, float, double`,
      )
  }
}

function utf8(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}
