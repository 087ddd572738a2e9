import t from 'tap'
import { createOwedReconcile, type Reason } from '../../src/sync/owed-reconcile.ts'
import { databaseKinds } from '../fixtures/databases.ts'

for (const kind of await databaseKinds())
  t.test(`what is owed on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)
    const owed = (reason: Reason) =>
      createOwedReconcile({ db, leader: (work) => db.transaction().execute(work), reason })

    await t.test('a note is owed until it is answered, also to the next leader', async (t) => {
      const gap = owed('gap')
      t.equal(await gap.pending(), undefined)
      await gap.note('one')
      t.equal(await owed('gap').pending(), 'one')
      await owed('gap').answer('one')
      t.equal(await gap.pending(), undefined)
    })

    await t.test('a note that comes while an earlier one is being answered is owed still', async (t) => {
      const gap = owed('gap')
      await gap.note('two')
      const begun = await gap.pending()
      await gap.note('three')
      await gap.answer(begun!)
      t.equal(await gap.pending(), 'three')
      await gap.answer('three')
    })

    await t.test('a command that is taken twice owes one reconcile', async (t) => {
      const asked = owed('asked')
      await asked.note('7')
      await asked.answer('7')
      await asked.note('7')
      t.equal(await asked.pending(), undefined)
    })

    await t.test('the answer for one reason is none for the other', async (t) => {
      const [asked, gap] = [owed('asked'), owed('gap')]
      await asked.note('8')
      await gap.note('8')
      await gap.answer('8')
      t.equal(await asked.pending(), '8')
    })
  })
