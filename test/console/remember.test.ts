import t from 'tap'
import { remember } from '../../src/console/remember.ts'

t.test('many who want to know at once ask once', async (t) => {
  let asked = 0
  const ask = remember(60_000, async () => ++asked)
  t.strictSame(await Promise.all([ask(), ask(), ask()]), [1, 1, 1])
  t.equal(await ask(), 1)
})

t.test('an answer grows old', async (t) => {
  let asked = 0
  const ask = remember(0, async () => ++asked)
  t.strictSame([await ask(), await ask()], [1, 2])
})

t.test('a failure is not remembered', async (t) => {
  let asked = 0
  const ask = remember(60_000, async () => {
    if (++asked === 1) throw new Error('not now')
    return asked
  })
  await t.rejects(ask(), /not now/)
  t.equal(await ask(), 2)
})
