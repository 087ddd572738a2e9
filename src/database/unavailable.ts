// Tells a database that can't be reached, or can't serve now, from a fault of ours: callers are asked to come again.

/** PostgreSQL's classes 08 (connection), 53 (resources) and 57P (shut down, starting), and what sockets say. */
const UNAVAILABLE =
  /^(08...|53...|57P0.|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN)$/

/** pg gives these no code. */
const WORDS =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error/i

export function isUnavailable(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return UNAVAILABLE.test(code) || WORDS.test(error.message)
}
