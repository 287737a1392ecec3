// One event by hand: checked as every intake checks it, and handed to the intake that is named.
import { InvalidEventError } from '../lib/errors.ts'
import type { EventType } from '../lib/event-type.ts'
import { json, jsonText, type Ask, type Reply } from './answer.ts'

/** Above the intake's own deadline for an answer. */
const SEND_DEADLINE_MS = 15_000

/** The answer to `POST /check`: what an intake would say of the event. Stores nothing. */
export function checkEvent(eventType: EventType, { body }: Ask): Reply {
  try {
    eventType.encode(JSON.parse(body.toString()))
    return json(200, { violations: [] })
  } catch (cause) {
    if (cause instanceof SyntaxError) return json(400, { error: 'the body is no JSON' })
    if (!(cause instanceof InvalidEventError)) throw cause
    return json(200, { violations: cause.violations })
  }
}

/** Returns the answer to `POST /send?intake=<hop>`: that of the intake. */
export function createSender(intakes: Map<string, string>): (ask: Ask) => Promise<Reply> {
  return async ({ query, body }) => {
    const name = new URLSearchParams(query).get('intake') ?? ''
    const intake = intakes.get(name)
    if (!intake)
      return json(400, { error: `intake: must be one of ${[...intakes.keys()].join(', ') || 'none, here'}` })
    try {
      const response = await fetch(`${intake}/input`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: new Uint8Array(body),
        signal: AbortSignal.timeout(SEND_DEADLINE_MS),
      })
      return jsonText(response.status, await response.text())
    } catch {
      return json(503, { error: `the intake ${name} gave no answer; the event may or may not be stored` })
    }
  }
}
