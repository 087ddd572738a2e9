// Runs scenarios within their time, and leaves neither processes nor databases behind, however they end.
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import type { DatabaseName } from './database.ts'
import { judge, type Judged } from './figures.ts'
import type { Bench, Scenario } from './scenario.ts'
import { show } from './table.ts'

/** The longest one, a million leads on both databases, takes a third of it on a quiet machine. */
const DEADLINE_MINUTES = 45
/** Processes have 40 s to end by themselves (child.ts). */
const CLEAN_UP_MS = 60_000
/** A small run mostly waits: for records at rest, for a lease to end. */
const SMALL_AT_ONCE = 4

export interface Settings {
  small: boolean
  databases: DatabaseName[]
  serverUrl: string
  profile: string | undefined
}

export interface Run {
  scenario: string
  seconds: number
  /** Of the last minute, when it began and when it ended: beside more than one for each core, times say little. */
  load: [number, number]
  failure: string | undefined
}

export interface Results {
  small: boolean
  cores: number
  node: string
  runs: Run[]
  figures: Judged[]
}

export async function runAll(
  scenarios: Scenario[],
  settings: Settings,
  interrupted: AbortSignal,
): Promise<Results> {
  const runs: Run[] = []
  const figures = new Map(scenarios.map(({ name }): [string, Judged[]] => [name, []]))
  const waiting = [...scenarios]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !interrupted.aborted; next = waiting.shift())
      runs.push(await runOne(next, settings, figures.get(next.name) ?? [], interrupted))
  }
  await Promise.all(Array.from({ length: settings.small ? SMALL_AT_ONCE : 1 }, lane))
  return {
    small: settings.small,
    cores: availableParallelism(),
    node: process.version,
    runs,
    figures: [...figures.values()].flat(),
  }
}

async function runOne(
  scenario: Scenario,
  settings: Settings,
  figures: Judged[],
  interrupted: AbortSignal,
): Promise<Run> {
  const { name, title } = scenario
  const say = (line: string): void => void process.stderr.write(`${name}: ${line}\n`)
  const open = new Set<AsyncDisposableStack>()
  const bench: Bench = {
    ...settings,
    resources() {
      const stack = new AsyncDisposableStack()
      open.add(stack)
      stack.defer(() => void open.delete(stack))
      return stack
    },
    say,
    report(figure) {
      if (settings.small && figure.kind === 'cost') return
      const judged = judge({ ...figure, scenario: name })
      figures.push(judged)
      say(`${judged.what}: ${show(judged.value)} ${judged.unit}${judged.ok === false ? '  MISSED' : ''}`)
    },
  }
  say(title)
  const startedAt = performance.now()
  const loadBefore = load()
  const running = scenario.run(bench)
  let failure: string | undefined
  try {
    await within(running, interrupted)
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
    say(`failed: ${error instanceof Error ? error.stack : failure}`)
    // It may be cleaning up by itself already.
    const ended = Promise.allSettled([running, ...[...open].map((stack) => stack.disposeAsync())])
    await Promise.race([ended, wait(CLEAN_UP_MS)])
  }
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  say(`npm run bench -- --only ${name}: ${seconds} s`)
  return { scenario: name, seconds, load: [loadBefore, load()], failure }
}

const load = (): number => Math.round((loadavg()[0] ?? 0) * 10) / 10

async function within(running: Promise<void>, interrupted: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(DEADLINE_MINUTES * 60_000)])
  const over = Promise.withResolvers<never>()
  const stop = (): void =>
    over.reject(new Error(interrupted.aborted ? 'interrupted' : `not done in ${DEADLINE_MINUTES} minutes`))
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([running, over.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
