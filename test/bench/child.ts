// A Node process of the benchmark: one that is measured, or one whose cost must not be ours.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface Child {
  pid: number
  /** Resolves with the exit code, or the name of the signal that ended it. */
  ended: Promise<string>
  /** The latest of what it said. */
  lastWords: () => string
  /** The first line that matches, also one that was said already. */
  line: (pattern: RegExp, deadlineMs?: number) => Promise<RegExpExecArray>
  kill: () => Promise<void>
  stop: () => Promise<void>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WORDS_KEPT = 200
const PATIENCE_MS = 40_000
const LINE_WITHIN_MS = 60_000

export function startChild(
  script: string,
  options: { args?: string[]; environment?: Record<string, string>; nodeArgs?: string[] } = {},
): Child {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), script, ...(options.args ?? [])], {
    cwd: ROOT,
    // Nothing of the caller's: a DATABASE_URL of theirs must not be touched.
    env: { PATH: process.env.PATH ?? '', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const words: string[] = []
  const listeners = new Set<(line: string) => void>()
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      words.push(line)
      if (words.length > WORDS_KEPT) words.shift()
      for (const listener of listeners) listener(line)
    })
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? String(code)))
  })
  void ended.then(() => process.removeListener('exit', killAtExit))

  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill(signal)
    const patience = new AbortController()
    const late = wait(PATIENCE_MS, 'late', { signal: patience.signal }).catch(() => 'ended')
    if ((await Promise.race([ended, late])) === 'late') child.kill('SIGKILL')
    patience.abort()
    await ended
  }

  return {
    pid: child.pid ?? 0,
    ended,
    lastWords: () => words.slice(-15).join('\n'),
    async line(pattern, deadlineMs = LINE_WITHIN_MS) {
      for (const word of words) {
        const match = pattern.exec(word)
        if (match) return match
      }
      const found = Promise.withResolvers<RegExpExecArray>()
      const listener = (word: string): void => {
        const match = pattern.exec(word)
        if (match) found.resolve(match)
      }
      listeners.add(listener)
      const patience = new AbortController()
      try {
        return await Promise.race([
          found.promise,
          ended.then((how): never => {
            throw new Error(`${script} ended (${how}):\n${words.slice(-15).join('\n')}`)
          }),
          wait(deadlineMs, undefined, { signal: patience.signal }).then((): never => {
            throw new Error(`${script} never said ${String(pattern)}:\n${words.slice(-15).join('\n')}`)
          }),
        ])
      } finally {
        listeners.delete(listener)
        patience.abort()
      }
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}

export interface Usage {
  /** Of both cores, so far. */
  cpuSeconds: number
  residentMb: number
  peakMb: number
}

const TICKS_A_SECOND = 100

/** As Linux counts it; zeros elsewhere. */
export function usageOf(pid: number): Usage {
  const stat = read(`/proc/${pid}/stat`)
  const status = read(`/proc/${pid}/status`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const megabytes = (name: string): number =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) / 1024)
  return {
    cpuSeconds: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_A_SECOND,
    residentMb: megabytes('VmRSS'),
    peakMb: megabytes('VmHWM'),
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
