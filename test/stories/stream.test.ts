// The stream never dies silently, and what it misses the reconcile finds (design §5, rules 2 and 3).
import { sql } from 'kysely'
import { until } from '../fixtures/until.ts'
import { addUser } from './fixtures/organisation.ts'
import { storyTeller, type Story } from './fixtures/story.ts'

const { story } = await storyTeller()

const live = ({ status }: Pick<Story, 'status'>, deadlineMs = 60_000): Promise<unknown> =>
  until('the stream to be live', async () => (await status()).stream.state === 'live', deadlineMs)

story(
  'Every fault that a new client cures: the stream is back, and no change is lost',
  {},
  async (t, told) => {
    const { org, ids, salesforce, inStep, person } = told
    const { faults } = salesforce
    await live(told)
    org.update('Lead', ids.lena, { Title: 'Gives the cursor a value' })
    await inStep()
    for (const [what, fault] of [
      ['an unsolicited disconnect', () => faults.disconnectClients()],
      ['an unknown client', () => faults.forgetClients()],
      ['a void token', () => faults.expireTokens()],
    ] as const) {
      fault()
      org.update('Lead', ids.lena, { Title: `After ${what}` })
      await inStep({ deadlineMs: 60_000 })
      t.equal(person(ids.lena).fields.title, `After ${what}`)
    }
    await live(told)
    t.equal(salesforce.events.subscribers(), 1, 'one subscriber')
  },
)

story(
  'A replay id that has expired: everything since the watermark is found by the reconcile',
  {},
  async (t, told) => {
    const { org, ids, salesforce, inStep, person } = told
    await live(told)
    org.update('Lead', ids.lena, { Title: 'Gives the cursor a value' })
    await inStep()
    salesforce.faults.dropEventsAtSource(1)
    org.update('Lead', ids.lena, { Title: 'Missed' })
    const refused = salesforce.faults.refuseReplay()
    salesforce.faults.forgetClients()
    await until('the missed change to be found', () => person(ids.lena).fields.title === 'Missed', 60_000)
    t.equal(refused.hits, 1)
    await live(told)
    org.update('Lead', ids.lena, { Title: 'Heard again' })
    await inStep()
  },
)

const SOON_MS = 8_000

/** The next client's position is refused: it is told what comes from then on, and what came before is a gap. */
const openGap = ({ salesforce: { faults } }: Pick<Story, 'salesforce'>): void => {
  faults.refuseReplay()
  faults.forgetClients()
}

const gapNoted = ({ log }: Pick<Story, 'log'>, times: number): Promise<unknown> =>
  until('the gap to be noted', () => log.filter((line) => line.includes('may be missing')).length >= times)

story(
  'A gap while an object can not be read: the others are heard of all the while, and what was missed of it is found once it can be, also by the next leader',
  {},
  async (t, told) => {
    const { org, ids, salesforce, inStep, quiet, person, problem, instance } = told
    await live(told)
    org.update('Lead', ids.lena, { Title: 'Gives the cursor a value' })
    await inStep()
    const withheld = salesforce.faults.withhold('Opportunity')
    salesforce.faults.dropEventsAtSource(2)
    org.update('Opportunity', ids.deal, { NextStep: 'Missed' })
    org.update('Contact', ids.carl, { Title: 'Missed' })
    openGap(told)
    await gapNoted(told, 1)
    await live(told, SOON_MS)
    org.update('Lead', ids.lena, { Title: 'Heard meanwhile' })
    await quiet()
    t.equal(person(ids.lena).fields.title, 'Heard meanwhile')
    await until('what can be read to be found', () => person(ids.carl).fields.title === 'Missed', SOON_MS)
    t.match(await problem('reconcile-failed'), { reason: /Opportunity/ })
    t.notMatch(instance.findOpportunity(ids.deal)?.fields, { nextStep: 'Missed' })

    withheld.remove()
    await leadAnew(told)
    await inStep({ deadlineMs: 30_000 })
    t.match(instance.findOpportunity(ids.deal)?.fields, { nextStep: 'Missed' })
    t.equal(await problem('reconcile-failed'), undefined)
  },
)

const WALK_MS = 3_000

story(
  'A reconcile that lasts: the stream is live meanwhile, and another gap is answered by another reconcile when it has ended',
  {},
  async (t, told) => {
    const { org, ids, salesforce, inStep, person, instance } = told
    await live(told)
    org.update('Lead', ids.lena, { Title: 'Gives the cursor a value' })
    await inStep()
    const { n: before } = salesforce.calls.list.at(-1)!
    const walks = () =>
      salesforce.calls.list.filter(({ n, detail }) => n > before && /SystemModstamp >/.test(detail))
    const hasRead = (object: string): boolean =>
      walks().some(({ detail }) => detail.includes(`FROM ${object} `))
    salesforce.faults.slow(WALK_MS, { kind: 'queryAll', times: Number.POSITIVE_INFINITY })
    openGap(told)
    await gapNoted(told, 1)
    await live(told, SOON_MS)
    org.update('Lead', ids.lena, { Title: 'Heard meanwhile' })
    await until('it to be heard', () => person(ids.lena).fields.title === 'Heard meanwhile', SOON_MS)

    await until('the leads to have been read', () => hasRead('Lead'), 6 * WALK_MS)
    salesforce.faults.dropEventsAtSource(1)
    const missed = org.insert('Lead', { LastName: 'Missed', Company: 'X' })
    openGap(told)
    await gapNoted(told, 2)
    await live(told, SOON_MS)
    t.notOk(hasRead('Opportunity'), 'the first reconcile is under way')
    await until('what was missed', () => instance.findLeads('externalPersonId', missed)[0], 12 * WALK_MS)
    const times = walks().map(({ at }) => at)
    const apart = times.slice(1).map((at, n) => at - times[n]!)
    t.ok(apart.length > 6 && Math.min(...apart) >= WALK_MS, `one at a time: ${apart.join(', ')} ms apart`)
  },
)

story(
  'Over the daily delivery limit reconciling takes the place of events, and the status says so; afterwards events are heard again',
  { env: { RECONCILE_EVERY_MINUTES: '60' } },
  async (t, told) => {
    const { org, ids, salesforce, person, status, inStep, log } = told
    const reconciles = (): number => log.filter((line) => line.includes('reconciled with Salesforce')).length
    await live(told)
    org.update('Lead', ids.lena, { Title: 'Gives the cursor a value' })
    await inStep()
    salesforce.faults.dailyLimit(true)
    const { stream, problems } = await until('the limit to be told', async () => {
      const now = await status()
      return now.stream.state === 'daily-limit' ? now : undefined
    })
    t.match(stream.reason, /daily/i)
    t.match(problems, [{ system: 'stream' }])
    org.update('Lead', ids.lena, { Title: 'By reconcile' })
    t.equal(reconciles(), 0)
    await beginEarlier(told, 6)
    await until('the change to be found', () => person(ids.lena).fields.title === 'By reconcile', 20_000)
    await until('the reconcile to end', () => reconciles() === 1)

    org.update('Contact', ids.carl, { Title: 'By its event' })
    salesforce.faults.dailyLimit(false)
    await leadAnew(told)
    await live(told)
    await until('what had waited to be heard', () => person(ids.carl).fields.title === 'By its event')
    org.update('Lead', ids.lena, { Title: 'Heard again' })
    await inStep()
    t.equal(person(ids.lena).fields.title, 'Heard again')
    t.equal(reconciles(), 1, 'from then on it is as rare as it was')
    t.strictSame((await status()).problems, [])
  },
)

/** As if the first backfill, since which the first reconcile is reckoned, had begun some minutes earlier. */
async function beginEarlier({ db }: Pick<Story, 'db'>, minutes: number): Promise<void> {
  await sql`update state set value = jsonb_set(value, '{startedAt}', to_jsonb(now() - make_interval(mins => ${minutes})))
    where key = 'backfill'`.execute(db)
}

/** A new term opens its own stream; the one that is down looks every quarter of an hour whether it may come back. */
async function leadAnew({ db }: Pick<Story, 'db'>): Promise<void> {
  await sql`update lease set epoch = epoch + 1, expires_at = now() - interval '1 second'`.execute(db)
}

story(
  'Events that are lost at the source, doubled, or in the wrong order change nothing in the end',
  {},
  async (t, { org, ids, salesforce, inStep, reconcile, person, quiet }) => {
    salesforce.faults.dropEventsAtSource(4)
    const user = addUser(org, 'Unheard')
    const account = org.insert('Account', { Name: 'Unheard', OwnerId: user })
    const contact = org.insert('Contact', { LastName: 'Unheard', AccountId: account, OwnerId: user })
    org.delete('Opportunity', ids.deal)
    await quiet()
    t.throws(() => person(contact))
    await reconcile()
    await inStep()
    salesforce.faults.duplicateEvents(10)
    for (const Title of ['One', 'Two', 'Three']) org.update('Lead', ids.lena, { Title })
    for (const { payload } of salesforce.events.published.slice(-6).toReversed())
      salesforce.events.publishRaw(payload)
    await inStep()
    t.equal(person(ids.lena).fields.title, 'Three')
  },
)

story(
  'Rows that commit long after their stamp are found',
  {},
  async (t, { org, ids, inStep, reconcile, salesforce, person, quiet, instance }) => {
    let lead = ''
    const open = org.holdBack((dml) => {
      lead = dml.insert('Lead', { LastName: 'Late', Company: 'X', OwnerId: ids.ann })
      dml.update('Contact', ids.carl, { Title: 'Late' })
    })
    await reconcile()
    org.update('Lead', ids.lena, { Title: 'In between' })
    await quiet()
    await reconcile()
    t.strictSame(instance.findLeads('externalPersonId', lead), [], 'not there yet')
    salesforce.faults.dropEventsAtSource(Number.POSITIVE_INFINITY)
    open.commit()
    await reconcile()
    await inStep()
    t.equal(person(ids.carl).fields.title, 'Late')
    t.ok(person(lead))
  },
)

story(
  'A thousand events in one answer, among them broken ones, all arrive',
  {},
  async (t, { org, ids, salesforce, inStep, parked, db }) => {
    salesforce.options.eventsPerAnswer = 2_000
    const leads = org.insert(
      'Lead',
      Array.from({ length: 100 }, (_, n) => ({ LastName: `L${n}`, Company: 'X' })),
      { bypass: true },
    )
    for (let n = 0; n < 1_000; n++)
      salesforce.events.publishRaw({
        Object_Type__c: 'Lead',
        Change_Type__c: 'CREATE',
        Record_Ids__c: leads[n % 100]!,
      })
    salesforce.events.publishRaw({
      Object_Type__c: 'Lead',
      Change_Type__c: 'EXPLODE',
      Record_Ids__c: leads[0]!,
    })
    salesforce.events.publishRaw({
      Object_Type__c: 'Lead',
      Change_Type__c: 'UPDATE',
      Record_Ids__c: [...leads, 'nonsense', ids.ann].join(','),
    })
    await until('all to be received', async () => (await parked()).size === 2, 20_000)
    await inStep({ parked: new Map() })
    t.match(
      (await db.selectFrom('parked').select(['object', 'code', 'payload']).execute()).map(
        ({ object }) => object,
      ),
      ['Event', 'Event'],
    )
  },
)
