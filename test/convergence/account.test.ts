// The sums of the histories: what they find, and what a lost process may explain.
import t, { type Test } from 'tap'
import type { LoggedCall } from '../simulators/marketo/index.ts'
import { startSalesforce } from '../simulators/salesforce/index.ts'
import { openAccount, type Stored } from './account.ts'
import type { Counts } from './counts.ts'

const ID = '00Q5g0000000001EAA'
const understood = { Object_Type__c: 'Lead', Change_Type__c: 'UPDATE', Record_Ids__c: ID }

const call = (n: number, about: Partial<LoggedCall>): LoggedCall => ({
  n,
  at: 0,
  endpoint: 'companies.json',
  method: 'POST',
  path: '',
  action: 'createOrUpdate',
  recordCount: about.results?.length ?? 1,
  codes: [],
  executed: true,
  ...about,
})

const skipped = (code: string) => ({ status: 'skipped' as const, reasons: [{ code, message: '' }] })

async function begin(t: Test) {
  const salesforce = await startSalesforce()
  const { events } = salesforce
  t.teardown(() => salesforce.close())
  const entries: LoggedCall[] = []
  const joinedAfter = [0]
  const processes = new Map<string, { leads: boolean; counts: Counts }>()
  const stored: Stored = { epoch: 1, refused: new Map() }
  const account = openAccount({
    events: { published: events.published, joinedAfter },
    calls: {
      entries,
      since: (n) => entries.filter((entry) => entry.n > n),
      last: () => entries.at(-1),
    },
    counts: async () => processes,
    stored: async () => stored,
  })
  return {
    publish: (payload: unknown = understood) => events.publishRaw(payload),
    entries,
    joinedAfter,
    stored,
    account,
    leads: (process: string, counts: Record<string, number>) => {
      for (const one of processes.values()) one.leads = false
      processes.set(process, { leads: true, counts: new Map(Object.entries(counts)) })
    },
    die: (process: string) => processes.delete(process),
    complaints: (isCut = false) => account.complaints(isCut),
  }
}

t.test('every event is counted once, and the broken ones apart', async (t) => {
  const { publish, leads, complaints, account } = await begin(t)
  publish()
  publish('nonsense')
  leads('a', { marked: 1 })
  t.match(await complaints(), [/^events: 2, and 1/, /^broken events: 1, and 0/])
  leads('a', { marked: 2, parked: 1 })
  t.match(await complaints(), [/^events: at most 2, and 3/, /^events: 2, and 3/])
  leads('a', { marked: 1, parked: 1 })
  t.strictSame(await complaints(), [])
  account.close()
  publish()
  t.match(await complaints(), [/^events: 1, and 0/], 'round by round')
})

t.test('what was published before the stream was joined may be lost, and nothing after that', async (t) => {
  const { publish, joinedAfter, leads, complaints } = await begin(t)
  for (let n = 0; n < 3; n++) publish()
  joinedAfter.push(2)
  for (const [marked, isRight] of [
    [0, false],
    [1, true],
    [3, true],
    [4, false],
  ] as const) {
    leads('a', { marked })
    t.equal((await complaints()).length === 0, isRight, `${marked} of 3`)
  }
})

t.test('records that Marketo took, let go of and refused', async (t) => {
  const { entries, leads, complaints } = await begin(t)
  entries.push(
    call(1, { results: [{ status: 'created' }, skipped('1003'), skipped('1005')] }),
    call(2, { results: [{ status: 'created' }], fault: 'drop' }),
    call(3, { codes: ['709'], recordCount: 2 }),
    call(4, { codes: ['709'], recordCount: 1 }),
    call(5, { endpoint: 'companies/delete.json', action: 'delete', results: [skipped('1013')] }),
  )
  leads('a', { 'Account accepted': 1, 'Account refused': 2, 'Account removed': 1 })
  t.strictSame(await complaints(), [])
  leads('a', { 'Account accepted': 1, 'Account refused': 3, 'Account removed': 1 })
  t.strictSame(await complaints(), [], 'a race explains it, or not')
  leads('a', { 'Account accepted': 1, 'Account refused': 1, 'Account removed': 1 })
  t.match(await complaints(), [/^companies refused: 2 to 3, and 1/])
  leads('a', { 'Account accepted': 2, 'Account refused': 2 })
  t.match(await complaints(), [
    /^companies taken: at most 1, and 2/,
    /^companies taken: 1, and 2/,
    /^companies removed: 1, and 0/,
  ])
})

t.test('what a gateway may have refused is a record at fault, or none', async (t) => {
  const { entries, leads, complaints } = await begin(t)
  entries.push(call(1, { codes: ['609'], recordCount: 2 }), call(2, { codes: ['609'], recordCount: 1 }))
  for (const [refused, isRight] of [
    [0, true],
    [1, true],
    [2, false],
  ] as const) {
    leads('a', { 'Account refused': refused })
    t.equal((await complaints()).length === 0, isRight, `${refused} refused`)
  }
})

t.test('with a process its counts are lost; more than happened is never counted', async (t) => {
  const { publish, leads, die, stored, complaints, account } = await begin(t)
  publish()
  leads('a', { marked: 1 })
  t.strictSame(await complaints(), [])
  account.close()
  die('a')
  publish()
  t.strictSame(await complaints(), ['nobody who leads says what it has done'])
  stored.epoch = 2
  leads('b', { marked: 0 })
  t.strictSame(await complaints(), ['the leader is still counting'], 'the next round begins with its counts')
  t.strictSame(await complaints(), [])
  leads('b', { marked: 2 })
  t.match(await complaints(), [/^events: at most 2, and 3/, 'the leader is still counting'])
})

t.test('the stored refusals are never more than there were', async (t) => {
  const { entries, stored, leads, complaints } = await begin(t)
  entries.push(call(1, { results: [skipped('1003')] }))
  leads('a', { 'Account refused': 1 })
  stored.refused = new Map([['Account refused', 1]])
  t.strictSame(await complaints(), [])
  stored.refused = new Map([['Account refused', 2]])
  t.match(await complaints(), [/^companies refused: at most 1, and 2/])
})

t.test('what may have been stored without being counted does not have to be counted', async (t) => {
  const { publish, leads, complaints } = await begin(t)
  publish()
  leads('a', {})
  t.match(await complaints(), [/^events: 1, and 0/])
  t.strictSame(await complaints(true), [])
})
