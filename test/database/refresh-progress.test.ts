import t from 'tap'
import {
  dropWanted,
  forgetTooMany,
  noteRefreshProgress,
  readRefreshProgress,
  wantedInsights,
  wantInsights,
} from '../../src/database/refresh-progress.ts'
import { databaseKinds } from '../fixtures/databases.ts'

for (const kind of await databaseKinds()) {
  t.test(`two loops on ${kind.name} note their own parts`, async (t) => {
    const { db } = await kind.create(t)
    t.match(await readRefreshProgress(db), { token: null, sweep: null, unknown: [], sweepAsked: false })
    await Promise.all([
      noteRefreshProgress(db, { token: 'a', unknown: [['7', 1]] }),
      noteRefreshProgress(db, { lastSweepAt: '2026-11-23T10:00:00.000Z' }),
    ])
    await noteRefreshProgress(db, { token: null })
    t.match(await readRefreshProgress(db), {
      token: null,
      unknown: [['7', 1]],
      lastSweepAt: '2026-11-23T10:00:00.000Z',
    })
  })

  t.test(`a want on ${kind.name} that comes while others are read is kept`, async (t) => {
    const { db } = await kind.create(t)
    t.strictSame(await wantedInsights(db), { ids: [], tooMany: false })
    await wantInsights(db, ['1', '2'])
    await wantInsights(db, ['1'])
    t.strictSame((await wantedInsights(db)).ids, ['1', '2', '1'])
    await dropWanted(db, 2)
    t.strictSame((await wantedInsights(db)).ids, ['1'])
    await dropWanted(db, 1)
    t.strictSame(await wantedInsights(db), { ids: [], tooMany: false })
  })

  t.test(`too many wants on ${kind.name} are told as such`, async (t) => {
    const { db } = await kind.create(t)
    await wantInsights(db, ['1'])
    await wantInsights(
      db,
      Array.from({ length: 10_000 }, (_, n) => String(n)),
    )
    t.strictSame(await wantedInsights(db), { ids: ['1'], tooMany: true })
    await forgetTooMany(db)
    t.strictSame(await wantedInsights(db), { ids: ['1'], tooMany: false })
  })
}
