// Reads a request body from uWebSockets.js within a size and a time.
import type { HttpResponse } from 'uWebSockets.js'

/** Half-open and slow senders are closed after this long. */
const BODY_DEADLINE_MS = 10_000

export type Body = { bytes: Buffer } | { tooLarge: true } | { late: true }

/**
 * Calls `done` at most once, with the body or with why there is none. `gone` is called when the client leaves before
 * it is answered, also after `done`. The buffer is only valid during the call.
 */
export function readBody(
  res: HttpResponse,
  maxBytes: number,
  done: (body: Body) => void,
  gone: () => void,
): void {
  let chunks: Buffer[] | undefined
  let length = 0
  let ended = false
  let timer: NodeJS.Timeout | undefined
  const end = (body: Body) => {
    // uWebSockets.js calls onData again after an early answer, and touching `res` then throws.
    if (ended) return
    ended = true
    clearTimeout(timer)
    done(body)
  }
  res.onData((data, isLast) => {
    if (ended) return
    length += data.byteLength
    if (length > maxBytes) return end({ tooLarge: true })
    const chunk = Buffer.from(data)
    if (isLast && !chunks) return end({ bytes: chunk })
    // uWebSockets.js takes the chunk's memory back after this call, so what is kept is copied.
    ;(chunks ??= []).push(Buffer.from(chunk))
    if (isLast) return end({ bytes: Buffer.concat(chunks) })
    timer ??= setTimeout(() => end({ late: true }), BODY_DEADLINE_MS)
  })
  res.onAborted(() => {
    clearTimeout(timer)
    ended = true
    gone()
  })
}
