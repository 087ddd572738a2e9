// One line per outcome, object first, sentence second. Pretty only on a terminal; NODE_ENV is not consulted. Secrets are taken out of the
// finished line, so that it doesn't matter at which level, how deep or in which text a library puts them.
import { pino, type Logger } from 'pino'
import pretty from 'pino-pretty'

export type Log = Logger

/** Keys whose values never belong in a log, in any case. */
const KEYS =
  '(?:proxy-)?authorization|[a-z_]+_(?:secret|token)(?:_previous)?|accessToken|refreshToken|clientSecret|private_?key|assertion|(?:set-)?cookie|password|token|secret'

const SECRETS: [RegExp, string][] = [
  [new RegExp(String.raw`("(?:${KEYS})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])`, 'gi'), '$1"[secret]"'],
  // Within a JSON text that is quoted itself.
  [new RegExp(String.raw`(\\+"(?:${KEYS})\\+"\s*:\s*\\+")[^"\\]*`, 'gi'), '$1[secret]'],
  // In an address or a form.
  [new RegExp(String.raw`\b((?:${KEYS})=)[^&"\s\\]+`, 'gi'), '$1[secret]'],
  [/\b((?:bearer|basic) )[\w.~+/=!-]+/gi, '$1[secret]'],
]

export function withoutSecrets(line: string): string {
  return SECRETS.reduce((text, [pattern, censored]) => text.replace(pattern, censored), line)
}

export function createLog(level: string, destination: { write: (line: string) => void } = output()): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
    },
    { write: (line: string) => destination.write(withoutSecrets(line)) },
  )
}

function output(): { write: (line: string) => void } {
  return process.stdout.isTTY
    ? pretty({ ignore: 'pid,hostname', singleLine: true, sync: true })
    : pino.destination({ dest: 1, sync: true })
}
