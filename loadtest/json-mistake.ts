// Where and why a text is not JSON. JSON.parse says so only sometimes, so this runs after it failed.

export type JsonScan = {
  /** The first mistake, as an index into the text. */
  mistake?: { at: number; message: string }
  /** Where each element of a top-level array begins. */
  rowsAt: number[]
}

const MAX_DEPTH = 500
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y

class Mistake extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

export function scanJson(text: string): JsonScan {
  const rowsAt: number[] = []
  let at = 0

  const fail = (message: string): never => {
    const found =
      at < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0)) : 'the end'
    throw new Mistake(at, `${message}, found ${found}`)
  }
  const skipSpace = () => {
    while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at += 1
  }
  const matches = (pattern: RegExp) => {
    pattern.lastIndex = at
    if (!pattern.test(text)) return false
    at = pattern.lastIndex
    return true
  }

  const string = () => {
    const openedAt = at
    at += 1
    while (text[at] !== '"') {
      const char = text[at]
      if (char === undefined || char === '\n') throw new Mistake(openedAt, 'this string has no closing quote')
      if (char < ' ') fail('a control character in a string must be escaped')
      if (char === '\\' && !/^\\(["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(text.slice(at, at + 6)))
        fail('wrong escape in a string')
      at += char === '\\' ? 2 : 1
    }
    at += 1
  }

  /** The inside of an object or array: `one` is repeated between commas. */
  const list = (close: string, one: () => void) => {
    at += 1
    skipSpace()
    for (let first = true; text[at] !== close; first = false) {
      if (!first) {
        if (text[at] !== ',') fail(`expected a comma or ${close}`)
        at += 1
        skipSpace()
        if (text[at] === close) fail(`a comma stands before ${close}: expected one more entry`)
      }
      one()
      skipSpace()
    }
    at += 1
  }

  const value = (depth: number): void => {
    if (depth > MAX_DEPTH) fail(`nested deeper than ${MAX_DEPTH}`)
    const char = text[at]
    if (char === '"') string()
    else if (char === '[') {
      list(']', () => {
        if (depth === 0) rowsAt.push(at)
        value(depth + 1)
      })
    } else if (char === '{') {
      list('}', () => {
        if (text[at] !== '"') fail('expected a name in double quotes')
        string()
        skipSpace()
        if (text[at] !== ':') fail('expected a colon after the name')
        at += 1
        skipSpace()
        value(depth + 1)
      })
    } else if (!matches(NUMBER) && !matches(WORD)) fail('expected a value')
  }

  try {
    skipSpace()
    value(0)
    skipSpace()
    if (at < text.length) fail('expected nothing more after the value')
    return { rowsAt }
  } catch (mistake) {
    if (!(mistake instanceof Mistake)) throw mistake
    return { rowsAt, mistake: { at: mistake.at, message: mistake.message } }
  }
}
