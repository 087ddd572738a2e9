import * as fc from 'fast-check'
import t from 'tap'
import { objectOf, toId18 } from '../../src/salesforce/ids.ts'
import { readEvent } from '../../src/sync/events.ts'

const LEAD = ['00Q5e000001AbCdEAV', '00Q5e000001AbCe'].map((id) => toId18(id.slice(0, 15))!)
const CONTACT = toId18('0035e000001AbCd')!

const event = (fields: Record<string, unknown>): Record<string, unknown> => ({
  Object_Type__c: 'Lead',
  Change_Type__c: 'UPDATE',
  Record_Ids__c: LEAD.join(','),
  ...fields,
})

t.test('marks every record once, with 18 characters', async (t) => {
  const ids = ` ${LEAD[0]} ,${LEAD[1]!.slice(0, 15)},,${LEAD[0]},`
  t.strictSame(readEvent(event({ Record_Ids__c: ids })), {
    records: LEAD.map((id) => ({ object: 'Lead', id })),
    problem: undefined,
  })
})

t.test('a merge marks losers and survivors, a conversion the Contact too, others nobody else', async (t) => {
  const read = (change: string, replacedBy: string): string[] =>
    readEvent(
      event({ Change_Type__c: change, Record_Ids__c: LEAD[0], Replaced_By_Ids__c: replacedBy }),
    ).records.map((record) => `${record.object} ${record.id}`)
  t.strictSame(read('MERGE', LEAD[1]!), [`Lead ${LEAD[0]}`, `Lead ${LEAD[1]}`])
  t.strictSame(read('CONVERT', CONTACT), [`Lead ${LEAD[0]}`, `Contact ${CONTACT}`])
  for (const change of ['CREATE', 'UPDATE', 'DELETE', 'UNDELETE'])
    t.strictSame(read(change, LEAD[1]!), [`Lead ${LEAD[0]}`], change)
})

t.test(
  'of an event with good ids and a broken one the good ones go on, and the broken one is named',
  async (t) => {
    for (const broken of ['nonsense', CONTACT, `${LEAD[0]!.slice(0, 15)}AAA`, "00Q' OR '1'='1"]) {
      const { records, problem } = readEvent(event({ Record_Ids__c: [...LEAD, broken].join(',') }))
      t.strictSame(
        records.map(({ id }) => id),
        LEAD,
      )
      t.match(problem, /^1 of its ids/, broken)
      t.ok(problem?.includes(broken))
    }
  },
)

t.test('what is no event of ours is told, not thrown', async (t) => {
  const cases: [unknown, RegExp][] = [
    [undefined, /its payload/],
    [null, /its payload/],
    [[], /its payload|Object_Type__c/],
    [event({ Object_Type__c: 'Case' }), /Object_Type__c/],
    [event({ Change_Type__c: 'EXPLODE' }), /Change_Type__c/],
    [event({ Record_Ids__c: 7 }), /Record_Ids__c/],
    [event({ Record_Ids__c: null }), /no ids at all/],
    [event({ Record_Ids__c: ' , ' }), /no ids at all/],
  ]
  for (const [payload, problem] of cases) {
    const reading = readEvent(payload)
    t.strictSame(reading.records, [])
    t.match(reading.problem, problem)
  }
})

const anyId = fc.oneof(
  fc.constantFrom(...LEAD, CONTACT),
  fc.stringMatching(/^00Q[A-Za-z0-9]{12}$/),
  fc.string(),
)
const anyEvent = fc.record(
  {
    Object_Type__c: fc.oneof(fc.constantFrom('Lead', 'Contact', 'User'), fc.jsonValue()),
    Change_Type__c: fc.oneof(fc.constantFrom('UPDATE', 'MERGE', 'CONVERT'), fc.jsonValue()),
    Record_Ids__c: fc.oneof(
      fc.array(anyId).map((ids) => ids.join(',')),
      fc.jsonValue(),
    ),
    Replaced_By_Ids__c: fc.oneof(
      fc.array(anyId).map((ids) => ids.join(',')),
      fc.jsonValue(),
    ),
  },
  { requiredKeys: [] },
)

t.test(
  'whatever comes, it never throws, marks only real ids of their object, and drops nothing unseen',
  async () => {
    fc.assert(
      fc.property(fc.oneof(anyEvent, fc.jsonValue()), (payload) => {
        const { records, problem } = readEvent(payload)
        const whole = records.every(({ object, id }) => toId18(id) === id && objectOf(id) === object)
        return whole && (records.length > 0 || problem !== undefined)
      }),
      { numRuns: 500 },
    )
  },
)

t.test('every good id of an understood event is kept', async () => {
  fc.assert(
    fc.property(fc.array(anyId, { minLength: 1 }), (ids) => {
      const { records } = readEvent(event({ Record_Ids__c: ids.join(',') }))
      const kept = new Set(records.map(({ id }) => id))
      const parts = ids.join(',').split(',')
      return parts.every((part) => {
        const id = toId18(part)
        return id === undefined || objectOf(id) !== 'Lead' || kept.has(id)
      })
    }),
  )
})
