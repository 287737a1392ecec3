// A client of the intake's WebSocket: numbered frames within its credits; it connects again when it is cut off.
import type { Row } from '../../loadtest/data-file.ts'
import { MAX_EVENTS } from '../../services/hop/sources/http.ts'
import { offering, type Fed, type Feeder } from './feeder.ts'

const FRAME_EVENTS = 6

type Result = { status: number; id?: string; error?: string }
type Message = { credits?: number; n?: number; results?: Result[] }
/** The results of a frame, or why the connection ended before they came. */
type Answer = Result[] | string

export function openSocketFeeder(port: number, rows: Row[]): Feeder {
  const waiting = new Map<number, (answer: Answer) => void>()
  let next = 0
  let number = 0
  let opening: Promise<WebSocket | string> | undefined

  const connect = () =>
    new Promise<WebSocket | string>((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/events`)
      const end = (reason: string) => {
        opening = undefined
        resolve(reason)
        for (const tell of waiting.values()) tell(reason)
        waiting.clear()
      }
      socket.onmessage = ({ data }) => {
        const { credits, n, results } = JSON.parse(String(data)) as Message
        if (credits !== undefined) resolve(socket)
        if (n === undefined) return
        waiting.get(n)!(results!)
        waiting.delete(n)
      }
      socket.onclose = ({ code, reason }) => end(`closed ${code} ${reason}`)
      // Node 22 sends no close event after a connection that was never established.
      socket.onerror = () => end('the connection failed')
    })
  const ask = async (events: unknown[]): Promise<Answer> => {
    const socket = await (opening ??= connect())
    if (typeof socket === 'string') return socket
    const n = ++number
    const answer = new Promise<Answer>((resolve) => waiting.set(n, resolve))
    socket.send(JSON.stringify({ n, events }))
    return answer
  }
  const offerAll = async (count: number): Promise<Fed> => {
    const fed: Fed = { accepted: [], refused: [] }
    const offer = async (frame: unknown[]) => {
      const answer = await ask(frame)
      if (typeof answer === 'string') fed.refused.push(...frame.map(() => answer))
      else
        for (const { status, id, error } of answer) {
          if (status === 202) fed.accepted.push(id!)
          else fed.refused.push(`${status} ${error}`)
        }
    }
    const events = Array.from({ length: count }, () => rows[next++ % rows.length])
    const frames: unknown[][] = []
    for (let at = 0; at < count; at += FRAME_EVENTS) frames.push(events.slice(at, at + FRAME_EVENTS))
    await Promise.all(frames.map(offer))
    return fed
  }
  return {
    ...offering(offerAll),
    async feedTooMuch() {
      const answer = await ask(Array.from({ length: MAX_EVENTS + 1 }, () => rows[0]))
      return typeof answer === 'string' ? answer : 'was answered'
    },
    async close() {
      const socket = await opening
      if (typeof socket === 'object') socket.close()
    },
  }
}
