// A Node process of the demo: its log lines, its end, and how it is ended. In a process group of its own, because Ctrl-C reaches the whole
// group of the terminal, and the service takes a second signal for impatience.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface LogLine {
  level: string
  msg: string
  [field: string]: unknown
}

export interface Child {
  pid: number
  /** Resolves with the exit code, or the name of the signal that ended it. */
  ended: Promise<string>
  /** The latest of what it said, to tell why it ended. */
  lastWords: () => string
  /** Asks it to stop, and makes it when it doesn't in time. */
  stop: () => Promise<void>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WORDS_KEPT = 12
/** The service waits up to 20 s for work in flight; a demo has nothing to lose. */
const PATIENCE_MS = 10_000

export function startChild(
  script: string,
  environment: Record<string, string>,
  onLine: (line: LogLine) => void = () => undefined,
): Child {
  const child = spawn(process.execPath, [script], {
    cwd: ROOT,
    // Nothing of the caller's: a DATABASE_URL of theirs must not be touched by a demo.
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  })
  const words: string[] = []
  const listen = (stream: NodeJS.ReadableStream): void => {
    createInterface({ input: stream }).on('line', (line) => {
      words.push(line)
      if (words.length > WORDS_KEPT) words.shift()
      const parsed = parse(line)
      if (parsed) onLine(parsed)
    })
  }
  listen(child.stdout)
  listen(child.stderr)
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal)
  const killAtExit = (): void => kill('SIGKILL')
  process.once('exit', killAtExit)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? String(code)))
  })
  void ended.then(() => process.removeListener('exit', killAtExit))

  return {
    pid: child.pid ?? 0,
    ended,
    lastWords: () => words.join('\n'),
    async stop() {
      kill('SIGTERM')
      const patience = new AbortController()
      const late = wait(PATIENCE_MS, 'late', { signal: patience.signal }).catch(() => 'stopped')
      if ((await Promise.race([ended, late])) === 'late') kill('SIGKILL')
      patience.abort()
      await ended
    },
  }
}

function parse(line: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'msg' in value ? (value as LogLine) : undefined
  } catch {
    return undefined
  }
}
