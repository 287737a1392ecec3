// JSON text to a value, with mistakes that do not repeat the text.
import { isUtf8 } from 'node:buffer'
import { InvalidEventError } from '../../lib/errors.ts'

/** Parses a body. Throws InvalidEventError, which says where the mistake is. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw invalid('the body is empty; an event is a JSON object')
  if (!isUtf8(bytes)) throw invalid('the body is not valid UTF-8')
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch (cause) {
    const at = /position (\d+)/.exec(String(cause))?.[1]
    // V8 names no position for an unexpected token in a short text.
    const where = String(cause).endsWith('end of JSON input') ? 'where it ends' : 'inside it'
    throw invalid(`the body is not valid JSON: mistake ${at ? `at character ${at}` : where}`)
  }
}

function invalid(message: string): InvalidEventError {
  return new InvalidEventError([{ field: '', rule: 'json', message }])
}
