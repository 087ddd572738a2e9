// What the census does with records that are parked because Salesforce does not show them, while the sync goes on beside it.
import t from 'tap'
import { mark, PRIORITY, readChange, waitForParent } from '../../src/database/changes.ts'
import { confirm, readLedger } from '../../src/database/ledger.ts'
import type { LeaderTransaction } from '../../src/database/lease.ts'
import { park, readParked, unpark } from '../../src/database/parked.ts'
import { listProblems, readState } from '../../src/database/state.ts'
import { BridgeError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { OBJECTS } from '../../src/salesforce/ids.ts'
import { createReader, type Reader } from '../../src/salesforce/read.ts'
import { CENSUS_EVERY_MS, createCensus } from '../../src/sync/census.ts'
import { NOT_SHOWN } from '../../src/sync/plan.ts'
import { databaseKinds } from '../fixtures/databases.ts'
import { connectSimulated } from '../salesforce/fixtures/simulated.ts'
import { wholeMapping } from './fixtures/mappings.ts'

t.test('only who has not come back while Salesforce was asked is gone for good', async (t) => {
  const { simulator, salesforce } = await connectSimulated(t)
  const { db } = await (await databaseKinds()).at(-1)!.create(t)
  const leader: LeaderTransaction = (work) => db.transaction().execute(work)
  const ids = simulator.org.insert(
    'Lead',
    ['gone', 'waiting', 'asked', 'back'].map((LastName) => ({ LastName, Company: 'X' })),
    { silent: true },
  )
  const [gone, waiting, asked, back] = ids as [string, string, string, string]
  for (const id of ids) simulator.org.hardDelete('Lead', id)
  const words = { code: NOT_SHOWN, reason: 'Salesforce does not show it', advice: 'Wait.', payload: null }
  await park(
    db,
    ids.map((id) => ({ object: 'Lead', id, ...words })),
  )
  const found = (id: string) => mark(db, [{ object: 'Lead', id, priority: PRIORITY.found }])
  await found(waiting)
  await waitForParent(db, [{ id: waiting, parent: 'a user', reason: 'waits' }])

  const reader = createReader(salesforce)
  const read: Reader['read'] = async (...of) => {
    const readings = await reader.read(...of)
    await found(asked)
    await unpark(db, [back])
    await confirm(db, [
      { object: 'Lead', id: back, marketoId: '7', state: 'confirmed', hashes: null, pushed: true },
    ])
    return readings
  }
  const settings = OBJECTS.filter((object) => object !== 'Lead').map((object) => ({
    object,
    active: false,
    filter: null,
  }))
  const census = createCensus({
    db,
    leader,
    salesforce: { ...salesforce, deletedIds: async () => ({ ids, latestDateCovered: new Date() }) },
    reader: { ...reader, read },
    mapping: () => wholeMapping({ settings }),
    log: createLog('silent'),
    now: Date.now,
    signal: AbortSignal.timeout(60_000),
    wake: () => undefined,
  })
  await census.runOnce()

  const ledger = await readLedger(db, ids)
  const states = ids.map((id) => ledger.get(id)?.state)
  t.strictSame(states, ['outside', 'outside', undefined, 'confirmed'])
  t.strictSame(new Set((await readParked(db, ids)).keys()), new Set([asked]))
  t.equal(await readChange(db, waiting), undefined)
  t.equal(await readChange(db, gone), undefined)
  t.ok(await readChange(db, asked))
})

t.test(
  'one object that can not be read hides nothing of the others, which are not read again for it',
  async (t) => {
    const { simulator, salesforce } = await connectSimulated(t)
    const { db } = await (await databaseKinds()).at(-1)!.create(t)
    const lead = simulator.org.insert('Lead', { LastName: 'L', Company: 'X' }, { silent: true })
    const reader = createReader(salesforce)
    const listed: string[] = []
    let time = 1_000
    let refuse: string[] = ['Account', 'Opportunity']
    const stop = new AbortController()
    const census = createCensus({
      db,
      leader: (work) => db.transaction().execute(work),
      salesforce,
      reader: {
        ...reader,
        allIds(object, ...rest) {
          listed.push(object)
          if (refuse.includes(object))
            throw new BridgeError('salesforce_object_missing', 'Not for you.', 'Give Read on it.')
          return object === 'Account' ? reader.allIds(object) : reader.allIds(object, ...rest)
        },
      },
      mapping: () => wholeMapping(),
      log: createLog('silent'),
      now: () => time,
      signal: stop.signal,
      wake: () => undefined,
    })
    const round = async (since?: number) => {
      listed.length = 0
      await census
        .runOnce(since)
        .catch((error: unknown) => t.match(error, { code: 'salesforce_object_missing' }))
      return [...listed]
    }
    const asked = time++
    t.strictSame(await round(asked), [...OBJECTS])
    t.ok(await readChange(db, lead))
    t.equal(await census.lastRunAt(), null)
    t.match(await listProblems(db), [
      {
        system: 'salesforce',
        code: 'census-failed',
        reason: /^Account, Opportunity could not be compared.*Not for you/,
        advice: 'Give Read on it.',
      },
    ])
    refuse = ['Opportunity']
    t.strictSame(await round(asked), ['Account', 'Opportunity'])
    refuse = []
    time++
    t.strictSame(await round(asked), ['Opportunity'])
    t.ok(await census.lastRunAt())
    t.strictSame(await listProblems(db), [])
    t.match(
      await readState(db, 'census'),
      { startedAt: new Date(asked + 1).toISOString() },
      'of the first look',
    )
    t.strictSame(await round(time), ['User', 'Account', 'Lead', 'Contact', 'OpportunityContactRole'])
    time++
    t.strictSame(await round(), [...OBJECTS])

    const before = await readState(db, 'census')
    stop.abort()
    await t.rejects(census.runOnce(), { name: 'AbortError' })
    t.strictSame(await readState(db, 'census'), before, 'one that is broken off is none')
  },
)

t.test(
  'a hidden record is missed once by a census, however often that fails or is killed on its way',
  async (t) => {
    const { simulator, salesforce } = await connectSimulated(t)
    const { db } = await (await databaseKinds()).at(-1)!.create(t)
    const [, hidden, parked] = simulator.org.insert(
      'Lead',
      ['shown', 'hidden', 'parked'].map((LastName) => ({ LastName, Company: 'X' })),
      { silent: true },
    ) as [string, string, string]
    for (const id of [hidden, parked]) simulator.org.hide('Lead', id)
    await confirm(db, [
      { object: 'Lead', id: hidden, marketoId: '7', state: 'confirmed', hashes: null, pushed: true },
    ])
    const words = { code: NOT_SHOWN, reason: 'Salesforce does not show it', advice: 'Wait.', payload: null }
    await park(db, [{ object: 'Lead', id: parked, ...words }])

    const reader = createReader(salesforce)
    let time = Date.now()
    let isCutOff = (_what: string): boolean => false
    const cut = (what: string): void => {
      if (isCutOff(what)) throw new Error('cut off')
    }
    /** Of a process that knows nothing of the former ones. */
    const attempt = (since = time): Promise<void> =>
      createCensus({
        db,
        leader: (work) => db.transaction().execute(work),
        salesforce,
        reader: {
          ...reader,
          allIds(object, ...rest) {
            cut(object)
            return reader.allIds(object, ...rest)
          },
          async read(object, ids, ...rest) {
            for (const id of ids) cut(id)
            return reader.read(object, ids, ...rest)
          },
        },
        mapping: () =>
          wholeMapping({
            settings: OBJECTS.filter((object) => object !== 'Lead' && object !== 'Contact').map((object) => ({
              object,
              active: false,
              filter: null,
            })),
          }),
        log: createLog('silent'),
        now: () => time,
        signal: AbortSignal.timeout(60_000),
        wake: () => undefined,
      }).runOnce(since)
    const failing = async (at: string): Promise<void> => {
      isCutOff = (what) => what === at
      await t.rejects(attempt(), /cut off/)
      isCutOff = () => false
      time += 5_000
    }
    const missed = async () => (await readLedger(db, [hidden])).get(hidden)?.missed

    await failing(parked)
    await failing(parked)
    t.equal(await missed(), 0, 'Leads were not counted to their end')
    await failing('Contact')
    t.equal(await missed(), 1)
    await failing('Contact')
    await attempt()
    t.equal(await missed(), 1, 'all that is one census')
    t.ok(await readChange(db, hidden))
    time += 5_000
    await failing('Contact')
    t.equal(await missed(), 2, 'and this is another one')
    await failing('Contact')
    t.equal(await missed(), 2)
    time += CENSUS_EVERY_MS
    await failing('Contact')
    t.equal(await missed(), 3, 'a day later it is, even if none ever gets to its end')
  },
)
