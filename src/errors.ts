// The one error that people read. Whatever reaches an admin (log line, status, page, exit sentence) says what happened
// and what to do; `code` is for programs, and for tests.
import { inspect } from 'node:util'

export class BridgeError extends Error {
  readonly code: string
  readonly advice: string

  constructor(code: string, message: string, advice: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BridgeError'
    this.code = code
    this.advice = advice
  }
}

/** Anything that was thrown, as an Error: some libraries throw strings and plain objects. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(typeof thrown === 'string' ? thrown : inspect(thrown, { breakLength: Infinity }))
}

/** Libraries wrap a few times; a cause that leads back to itself must not be followed for ever. */
const DEEPEST_CAUSE = 5

/** One line for a log or a status: the message, and the causes behind it where they add something. */
export function reasonOf(thrown: unknown, depth = 0): string {
  const error = asError(thrown)
  const cause =
    error.cause === undefined || error.cause === null || depth === DEEPEST_CAUSE
      ? ''
      : reasonOf(error.cause, depth + 1)
  const message = error.message || error.name
  return cause !== '' && !message.includes(cause) ? `${message} (${cause})` : message
}
