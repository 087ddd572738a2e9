import t from 'tap'
import { createMappingWatch } from '../src/watch-mapping.ts'

const MINUTE_MS = 60_000

function start() {
  let time = 0
  let isAway = false
  const done: string[] = []
  const step = (name: string) => async () => {
    if (isAway) throw new Error('away')
    done.push(name)
  }
  const watch = createMappingWatch({ describe: step('describe'), reload: step('reload') }, () => time)
  return {
    watch,
    wait: (ms: number) => void (time += ms),
    away: (now: boolean) => void (isAway = now),
    /** What a round has done. */
    round: async (): Promise<string[]> => {
      await watch.runOnce()
      return done.splice(0)
    },
  }
}

t.test('the mapping is read every ten minutes', async (t) => {
  const { round, wait } = start()
  t.strictSame(await round(), [])
  wait(10 * MINUTE_MS)
  t.strictSame(await round(), ['reload'])
  t.strictSame(await round(), [])
})

t.test('a refused field has Marketo described anew, before the mapping, once a minute at most', async (t) => {
  const { watch, round, wait } = start()
  watch.fieldRefused()
  watch.fieldRefused()
  t.strictSame(await round(), ['describe', 'reload'])
  t.strictSame(await round(), [])
  watch.fieldRefused()
  t.strictSame(await round(), [], 'not again at once')
  wait(MINUTE_MS)
  t.strictSame(await round(), ['describe', 'reload'])
  wait(MINUTE_MS)
  t.strictSame(await round(), [], 'nothing was refused since')
})

t.test('what fails is done again', async (t) => {
  const { watch, round, wait, away } = start()
  watch.fieldRefused()
  away(true)
  await t.rejects(round(), /away/)
  away(false)
  t.strictSame(await round(), [], 'not at once')
  wait(MINUTE_MS)
  t.strictSame(await round(), ['describe', 'reload'])
})
