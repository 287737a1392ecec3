// W3C trace context (www.w3.org/TR/trace-context) as events carry it: version 00, and only what is sampled.

/** The name of the HTTP header, of the member of a WebSocket frame, of the header of a record. */
export const TRACEPARENT = 'traceparent'

/** Of every traceparent that an event carries. */
export const TRACEPARENT_LENGTH = 55

const ZERO_TRACE = '0'.repeat(32)
const ZERO_SPAN = '0'.repeat(16)
/** Version, trace id, span id, flags. Later versions may have more behind them. */
const FORM = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/
const SAMPLED = 1

export type TraceContext = { traceId: string; spanId: string; sampled: boolean }

/** What a header says; undefined when there is none or it is malformed, which the standard treats alike. */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  if (header === undefined) return undefined
  const text = Buffer.isBuffer(header) ? header.toString('latin1') : header
  if (typeof text !== 'string') return undefined
  const [, version, traceId = ZERO_TRACE, spanId = ZERO_SPAN, flags = ''] = FORM.exec(text) ?? []
  if (traceId === ZERO_TRACE || spanId === ZERO_SPAN) return undefined
  if (version === '00' && text.length !== TRACEPARENT_LENGTH) return undefined
  return { traceId, spanId, sampled: (parseInt(flags, 16) & SAMPLED) !== 0 }
}

export function formatTraceparent({ traceId, spanId }: Pick<TraceContext, 'traceId' | 'spanId'>): string {
  return `00-${traceId}-${spanId}-01`
}

/** What an event carries on of a header; undefined when that is not sampled. */
export function carriedTraceparent(header: unknown): string | undefined {
  const context = parseTraceparent(header)
  return context?.sampled ? formatTraceparent(context) : undefined
}
