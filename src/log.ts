// One line per outcome, object first, sentence second. Pretty only on a terminal; NODE_ENV is not consulted.
import { pino, type Logger } from 'pino'

export type Log = Logger

/** Keys whose values never belong in a log, at any level and however deep a library nests them. */
const SECRET_KEYS = [
  'authorization',
  'Authorization',
  'access_token',
  'accessToken',
  'client_secret',
  'clientSecret',
  'assertion',
  'cookie',
  'token',
  'password',
]

export function createLog(level: string, destination?: { write: (line: string) => void }): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[secret]' },
  }
  if (destination) return pino(options, destination)
  if (process.stdout.isTTY)
    return pino({
      ...options,
      transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', singleLine: true } },
    })
  return pino(options)
}
