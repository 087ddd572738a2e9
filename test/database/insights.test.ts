import t from 'tap'
import { confirm, forget } from '../../src/database/ledger.ts'
import {
  countInsights,
  forgetInsights,
  highestNumber,
  insightsBetween,
  knownPersons,
  rekeyInsight,
  storeInsights,
  storeKnownInsights,
  type InsightValues,
} from '../../src/database/insights.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { endedOrLocked } from '../fixtures/meanwhile.ts'

const kinds = await databaseKinds()

const NOTHING: InsightValues = {
  type: null,
  date: null,
  description: null,
  source: null,
  priority: null,
  urgency: null,
  relativeScore: null,
}
const at = (seconds: number): Date => new Date(Date.UTC(2026, 10, 23, 10, 0, seconds))

for (const kind of kinds)
  t.test(`insights on ${kind.name}`, async (t) => {
    const { db } = await kind.create(t)

    t.equal(
      await storeInsights(db, [{ id: 'a', marketoId: '1', values: NOTHING, readAt: at(1) }]),
      0,
      'a person without any value does not enter',
    )
    t.equal(
      await storeInsights(db, [
        { id: 'a', marketoId: '1', values: { ...NOTHING, priority: 0 }, readAt: at(2) },
      ]),
      1,
      'zero is a value',
    )
    t.equal(
      await storeInsights(db, [
        { id: 'a', marketoId: '1', values: { ...NOTHING, priority: 0 }, readAt: at(9) },
      ]),
      0,
      'the same again is no change',
    )
    t.equal(
      await storeInsights(db, [
        { id: 'a', marketoId: '1', values: { ...NOTHING, priority: 7 }, readAt: at(5) },
      ]),
      0,
      'an older read does not overwrite',
    )
    t.equal(
      await storeInsights(db, [{ id: 'a', marketoId: '1', values: NOTHING, readAt: at(10) }]),
      1,
      'a change to null is a change',
    )
    await storeInsights(db, [
      {
        id: 'b',
        marketoId: '2',
        values: { ...NOTHING, description: 'Visited 🎉', date: at(0) },
        readAt: at(3),
      },
      { id: 'c', marketoId: '3', values: { ...NOTHING, urgency: 2 }, readAt: at(3) },
    ])
    t.equal(await highestNumber(db), 4)
    const all = await insightsBetween(db, 0, 4, 10)
    t.strictSame(
      all.map((row) => [row.id, row.number]),
      [
        ['a', 2],
        ['b', 3],
        ['c', 4],
      ],
    )
    t.equal(all[1]?.date, at(0).toISOString())
    t.equal(all[1]?.description, 'Visited 🎉')

    await db.transaction().execute((trx) => rekeyInsight(trx, 'b', 'd'))
    t.strictSame(
      (await insightsBetween(db, 4, 9, 10)).map((row) => [row.id, row.number]),
      [['d', 5]],
      'a re-keyed person enters anew',
    )
    await forgetInsights(db, ['c'])
    t.equal(await countInsights(db), 2)
  })

for (const kind of kinds)
  t.test(`two writers on ${kind.name} never number rows below what a reader has seen`, async (t) => {
    const { db } = await kind.create(t)
    const write = (who: string) =>
      Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          storeInsights(db, [
            { id: `${who}${i}`, marketoId: '1', values: { ...NOTHING, priority: i }, readAt: at(1) },
          ]),
        ),
      )
    const seen: number[] = []
    let position = 0
    const read = async (): Promise<void> => {
      while (seen.length < 40) {
        const rows = await insightsBetween(db, position, await highestNumber(db), 100)
        seen.push(...rows.map((row) => row.number))
        position = seen.at(-1) ?? 0
      }
    }
    await Promise.all([write('x'), write('y'), read()])
    t.strictSame(
      seen,
      Array.from({ length: 40 }, (_, i) => i + 1),
    )
  })

for (const kind of kinds)
  t.test(
    `the sweep on ${kind.name} leaves out persons created since the last ranking, not adopted ones`,
    async (t) => {
      const { db } = await kind.create(t)
      const person = { marketoId: '1', state: 'confirmed', hashes: null, pushed: true } as const
      await confirm(db, [
        { ...person, object: 'Lead', id: '00Q1', marketoId: '11' },
        { ...person, object: 'Contact', id: '0031', marketoId: '12', adopted: true },
        { ...person, object: 'Account', id: '0011' },
      ])
      t.strictSame(
        (await knownPersons(db, { after: '', limit: 9 })).map((p) => p.id),
        ['0031', '00Q1'],
      )
      t.strictSame(
        (await knownPersons(db, { after: '', limit: 9, createdSince: new Date(0) })).map((p) => p.id),
        ['0031'],
      )
      t.strictSame(
        (await knownPersons(db, { after: '0031', limit: 9 })).map((p) => p.id),
        ['00Q1'],
      )
    },
  )

for (const kind of kinds.filter(({ name }) => name === 'postgres'))
  t.test('of a person that leaves nothing stays that is stored meanwhile', async (t) => {
    const { db } = await kind.create(t)
    await confirm(db, [
      { object: 'Lead', id: 'a', marketoId: '1', state: 'confirmed', hashes: null, pushed: true },
    ])
    const reading = { id: 'a', marketoId: '1', values: { ...NOTHING, priority: 1 }, readAt: at(1) }
    let storing: Promise<number> | undefined
    await db.transaction().execute(async (trx) => {
      await forgetInsights(trx, ['a'])
      storing = db.transaction().execute((other) => storeKnownInsights(other, [reading]))
      await endedOrLocked(db, storing)
      await forget(trx, ['a'])
    })
    t.equal(await storing, 0)
    t.equal(await countInsights(db), 0)
  })
