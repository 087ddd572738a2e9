import t from 'tap'
import { BridgeError } from '../src/errors.ts'
import type { MarketoSchema } from '../src/marketo/describe.ts'
import { NOT_BELIEVED } from '../src/marketo/description.ts'
import { createMappingWatch } from '../src/watch-mapping.ts'

const MINUTE_MS = 60_000

function start() {
  let time = 0
  let isAway = false
  let isDoubted = false
  const done: string[] = []
  const step = (name: string) => async () => {
    if (isAway) throw new Error('away')
    if (isDoubted && name === 'describe') throw new BridgeError(NOT_BELIEVED, 'Gone.', 'Ask.')
    done.push(name)
  }
  let fields = ['title']
  const describe = async (): Promise<MarketoSchema> => {
    await step('describe')()
    return {
      objects: { Lead: { fields: new Map(fields.map((name) => [name, {}])) } },
    } as unknown as MarketoSchema
  }
  const watch = createMappingWatch(
    { describe, reload: step('reload'), isDoubted: () => isDoubted },
    () => time,
  )
  return {
    watch,
    wait: (ms: number) => void (time += ms),
    changeFields: () => void (fields = [...fields, `field${fields.length}`]),
    doubt: (now: boolean) => void (isDoubted = now),
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

t.test('as long as Marketo describes the same fields it is asked ever less often', async (t) => {
  const { watch, round, wait, changeFields } = start()
  const minutesUntilAsked = async (): Promise<number> => {
    watch.fieldRefused()
    for (let minutes = 0; minutes <= 240; minutes++) {
      if ((await round()).includes('describe')) return minutes
      wait(MINUTE_MS)
    }
    return Infinity
  }
  const waits: number[] = []
  for (let n = 0; n < 9; n++) waits.push(await minutesUntilAsked())
  t.strictSame(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60])
  changeFields()
  t.equal(await minutesUntilAsked(), 60)
  t.equal(await minutesUntilAsked(), 1, 'they have changed')
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

t.test(
  'a description that could not be renewed is asked for at once, then ever less often, and the mapping is read meanwhile',
  async (t) => {
    const { round, wait, doubt } = start()
    doubt(true)
    const asked: number[] = []
    let reloads = 0
    for (let minutes = 0; minutes < 60; minutes++) {
      await round().then(
        (done) => void (reloads += done.length),
        () => asked.push(minutes),
      )
      wait(MINUTE_MS)
    }
    t.strictSame(asked, [0, 2, 6, 14, 24, 34, 44, 54])
    t.ok(reloads >= 3, `${reloads}`)
    doubt(false)
    wait(10 * MINUTE_MS)
    t.strictSame(await round(), ['reload'])
    t.strictSame(await round(), [])
  },
)
