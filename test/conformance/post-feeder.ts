// Clients of the public intake: one POST an event, all at once.
import type { Row } from '../../loadtest/data-file.ts'
import { reasonOf } from '../../services/lib/errors.ts'
import { MAX_EVENT_BYTES } from '../../services/hop/sources/http.ts'
import { joinFed, offering, type Fed, type Feeder } from './feeder.ts'

export function openPostFeeder(port: number, rows: Row[]): Feeder {
  let next = 0

  const post = async (body: string) => {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`http://127.0.0.1:${port}/input`, { method: 'POST', headers, body })
    const answer = (await response.json()) as { id?: string; error?: string }
    if (response.status === 503 && response.headers.get('retry-after') === null)
      throw new Error('503 without Retry-After')
    return { status: response.status, ...answer }
  }
  const postNext = async (): Promise<Fed> => {
    try {
      const { status, id, error } = await post(JSON.stringify(rows[next++ % rows.length]))
      return status === 202
        ? { accepted: [id!], refused: [] }
        : { accepted: [], refused: [`${status} ${error}`] }
    } catch (cause) {
      return { accepted: [], refused: [`no answer: ${reasonOf(cause)}`] }
    }
  }
  return {
    ...offering(async (count) => joinFed(await Promise.all(Array.from({ length: count }, postNext)))),
    async feedTooMuch() {
      const { status, error } = await post(JSON.stringify({ text: 'x'.repeat(MAX_EVENT_BYTES) }))
      return `${status} ${error}`
    },
    close: () => Promise.resolve(),
  }
}
