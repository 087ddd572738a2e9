import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { createWhenDue } from '../src/when-due.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

function start(t: Test) {
  mock.timers.enable({ apis: ['Date'], now: 0 })
  t.teardown(() => mock.timers.reset())
  const done: string[] = []
  const lastRuns = { reconcile: new Date(0), census: new Date(0) }
  const notes: Record<'asked' | 'gap', string | undefined> = { asked: undefined, gap: undefined }
  let refused = false
  let streamState = 'live'
  const owed = (reason: 'asked' | 'gap') => ({
    note: async () => undefined,
    pending: async () => notes[reason],
    answer: async (note: string) => {
      done.push(`${reason} ${note}`)
      if (notes[reason] === note) notes[reason] = undefined
    },
  })
  const whenDue = createWhenDue({
    reconcile: {
      runOnce: async () => {
        done.push('reconcile')
        lastRuns.reconcile = new Date()
        return { found: 0 }
      },
      lastRunAt: async () => lastRuns.reconcile,
      isOwed: async () => false,
    },
    census: {
      runOnce: async (since) => {
        done.push(`census since ${since}`)
        if (refused) throw new Error('refused')
        lastRuns.census = new Date()
      },
      lastRunAt: async () => lastRuns.census,
    },
    asked: owed('asked'),
    gap: owed('gap'),
    backfill: { state: async () => undefined },
    streamState: () => streamState,
    everyMs: 15 * MINUTE_MS,
    now: Date.now,
  })
  return {
    done,
    notes,
    refuse: (now: boolean) => void (refused = now),
    stream: (state: string) => void (streamState = state),
    wait: (ms: number) => mock.timers.tick(ms),
    /** What a round of all has done. */
    round: async (): Promise<string[]> => {
      await whenDue.reconcile()
      await whenDue.askedCensus().catch(() => undefined)
      await whenDue.dailyCensus().catch(() => undefined)
      return done.splice(0)
    },
  }
}

t.test('a reconcile runs when it is due, sooner while no events come, and for a gap', async (t) => {
  const { round, wait, stream, notes } = start(t)
  t.strictSame(await round(), [])
  wait(5 * MINUTE_MS)
  t.strictSame(await round(), [])
  stream('daily-limit')
  t.strictSame(await round(), ['reconcile'])
  stream('live')
  notes.gap = 'one'
  t.strictSame(await round(), ['reconcile', 'gap one'])
  t.strictSame(await round(), [])
  wait(15 * MINUTE_MS)
  t.strictSame(await round(), ['reconcile'])
})

t.test('what an admin asked for is reconciled once, however often its census fails', async (t) => {
  const { round, wait, notes, refuse, done } = start(t)
  refuse(true)
  wait(3)
  notes.asked = 'one'
  t.strictSame(await round(), ['reconcile', 'census since 3'])
  const all: string[] = []
  for (let minute = 0; minute < 14; minute++) {
    for (let second = 0; second < 60; second++) {
      all.push(...(await round()))
      wait(1_000)
    }
  }
  t.strictSame(new Set(all), new Set(['census since 3']), 'goes on as what it was')
  t.ok(all.length <= 8, `${all.length} times`)

  t.comment('who asks again does not wait')
  refuse(false)
  const at = Date.now()
  notes.asked = 'two'
  t.strictSame(await round(), ['reconcile', `census since ${at}`, 'asked two'])
  t.strictSame(await round(), [])
  t.strictSame(done, [])
})

t.test('once a day a census is due; one that fails goes on, ever later', async (t) => {
  const { round, wait, refuse } = start(t)
  const counts = async () => (await round()).filter((what) => what.startsWith('census'))
  refuse(true)
  wait(DAY_MS - 1)
  t.strictSame(await counts(), [])
  wait(1)
  t.strictSame(await counts(), [`census since ${DAY_MS}`])
  t.strictSame(await counts(), [], 'not at once')
  wait(5_000)
  t.strictSame(await counts(), [`census since ${DAY_MS}`])
  wait(5_000)
  t.strictSame(await counts(), [])
  refuse(false)
  wait(MINUTE_MS)
  t.strictSame(await counts(), [`census since ${DAY_MS}`])
  t.strictSame(await counts(), [])
})

t.test('while one fails for days, what it has counted is counted anew each day', async (t) => {
  const { round, wait, refuse } = start(t)
  refuse(true)
  wait(DAY_MS)
  t.strictSame(await round(), ['reconcile', `census since ${DAY_MS}`])
  wait(DAY_MS)
  t.strictSame(await round(), ['reconcile', `census since ${DAY_MS}`], 'a day after it was due')
  wait(DAY_MS)
  t.strictSame(await round(), ['reconcile', `census since ${2 * DAY_MS}`])
  wait(1.5 * DAY_MS)
  t.strictSame(await round(), ['reconcile', `census since ${3.5 * DAY_MS}`])
})
