/** Bad arguments or environment. Holds every mistake, so that one restart mends them all. Exit code 2. */
export class ConfigError extends Error {
  readonly mistakes: string[]
  constructor(mistakes: string[]) {
    super(mistakes.join('\n'))
    this.mistakes = mistakes
  }
}

export type Violation = { field: string; rule: string; message: string }

/** An event that can never be stored. The messages name field and rule and never hold the field's value. */
export class InvalidEventError extends Error {
  readonly violations: Violation[]
  constructor(violations: Violation[]) {
    super(violations.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; '))
    this.violations = violations
  }
}

/** The text of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
}
