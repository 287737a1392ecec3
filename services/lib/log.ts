// JSON lines on stdout: a constant message and variable fields. No event bodies, no secrets.
export type Fields = Record<string, unknown>
export type Log = Record<'debug' | 'info' | 'warn' | 'error', (message: string, fields?: Fields) => void>

const levels = { debug: 10, info: 20, warn: 30, error: 40 }

/** A log whose every line carries `base`. LOG_LEVEL (debug, info, warn, error) picks the least level. */
export function createLog(base: Fields): Log {
  const least = levels[(process.env['LOG_LEVEL'] ?? 'info') as keyof typeof levels] ?? levels.info
  const at =
    (level: keyof typeof levels) =>
    (message: string, fields: Fields = {}) => {
      if (levels[level] < least) return
      const line = { time: new Date().toISOString(), level, ...base, message, ...fields }
      process.stdout.write(`${JSON.stringify(line, errorsAsText)}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function errorsAsText(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Error ? `${value.name}: ${value.message}` : value
}
