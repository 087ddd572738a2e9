// The one error that people read. Whatever reaches an admin (log line, status, page, exit sentence) says what happened
// and what to do; `code` is for programs, and for tests.

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
  return new Error(typeof thrown === 'string' ? thrown : JSON.stringify(thrown))
}

/** One line for a log or a status: the message, and the causes behind it where they add something. */
export function reasonOf(thrown: unknown): string {
  const error = asError(thrown)
  const cause = error.cause === undefined ? '' : reasonOf(error.cause)
  const message = error.message || error.name
  return cause !== '' && !message.includes(cause) ? `${message} (${cause})` : message
}
