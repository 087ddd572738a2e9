import t from 'tap'
import { diagnose } from '../../src/console/diagnosis.ts'
import type { ParentFacts, RecordFacts } from '../../src/console/record-facts.ts'
import type { LedgerEntry } from '../../src/database/ledger.ts'
import { personId } from '../fixtures/persons.ts'

const ID = personId(1, '003')
const OWNER = '0055e0000000001AAA'
const ACCOUNT = '0015e0000000001AAA'

const LEDGER: LedgerEntry = {
  object: 'Contact',
  id: ID,
  marketoId: '7',
  lostId: null,
  state: 'confirmed',
  hashes: new Uint8Array(30),
  ownerId: OWNER,
  accountId: ACCOUNT,
  personId: null,
  opportunityId: null,
  roleKey: null,
  adopted: false,
  notes: null,
  confirmedAt: new Date('2026-11-23T10:00:00Z'),
  pushedAt: null,
  missed: 0,
}

const parent = (parts: Partial<ParentFacts>): ParentFacts => ({
  kind: 'owner',
  object: 'User',
  id: OWNER,
  ledger: null,
  parked: null,
  marketo: { known: true, value: { externalSalesPersonId: OWNER, email: 'Rep@acme.example' } },
  email: { known: true, value: 'rep@acme.example' },
  ...parts,
})

/** A Contact that is as it should be. */
const FINE: RecordFacts = {
  id: ID,
  object: 'Contact',
  salesforce: { known: true, value: { state: 'live', row: { Id: ID, OwnerId: OWNER, AccountId: ACCOUNT } } },
  ledger: LEDGER,
  marketo: {
    known: true,
    value: [
      { id: 7, externalPersonId: ID, externalSalesPersonId: OWNER, externalCompanyId: ACCOUNT, priority: 3 },
    ],
  },
  queueOwner: false,
  parents: [
    parent({}),
    parent({
      kind: 'account',
      object: 'Account',
      id: ACCOUNT,
      marketo: { known: true, value: { externalCompanyId: ACCOUNT } },
      email: { known: true, value: null },
    }),
  ],
  parked: null,
  change: null,
  problems: [],
  insights: { priority: 'priority' },
  missingInsights: [],
}

const PARKED = {
  id: ID,
  object: 'Contact',
  code: '1003',
  reason: 'The e-mail is not valid.',
  advice: 'Correct it.',
  attempts: 1,
  firstSeenAt: new Date(),
  lastSeenAt: new Date(),
}
const CHANGE = {
  object: 'Contact',
  id: ID,
  version: 1,
  priority: 1,
  due: new Date('2026-11-23T11:00:00Z'),
  force: false,
  attempts: 0,
  waiting_for: null,
  code: null,
  reason: null,
  marked_at: new Date(),
}
const record = (fields: Record<string, unknown>): RecordFacts['marketo'] => ({
  known: true,
  value: [
    { id: 7, externalPersonId: ID, externalSalesPersonId: OWNER, externalCompanyId: ACCOUNT, ...fields },
  ],
})
const live = (row: Record<string, unknown>): RecordFacts['salesforce'] => ({
  known: true,
  value: { state: 'live', row: { Id: ID, ...row } },
})

t.test('a record that is as it should be passes every check', (t) => {
  const diagnosis = diagnose(FINE)
  t.strictSame(
    diagnosis?.checks.filter((check) => !check.ok),
    [],
  )
  t.match(diagnosis?.checks.at(-1), { name: 'Sales Insight values', reason: 'priority 3.', advice: null })
  t.match(diagnosis?.ledger, { marketoId: '7', fieldsSent: 3, confirmedAt: '2026-11-23T10:00:00.000Z' })
  t.notOk('hashes' in diagnosis!.ledger!)
  t.end()
})

const cases: [string, Partial<RecordFacts>, string, RegExp][] = [
  [
    'no externalPersonId',
    { marketo: record({ externalPersonId: null }) },
    'externalPersonId',
    /has no externalPersonId/,
  ],
  [
    'the externalPersonId of another record',
    { marketo: record({ externalPersonId: personId(2) }) },
    'externalPersonId',
    /belongs to another record/,
  ],
  [
    'several persons in Marketo',
    { marketo: { known: true, value: [{ id: 7 }, { id: 8 }] } },
    'Marketo',
    /2 records .*: 7, 8/,
  ],
  [
    'nobody in Marketo',
    { marketo: { known: true, value: [] }, ledger: null, change: CHANGE },
    'Marketo',
    /no person/,
  ],
  ['a person lost in Marketo', { marketo: { known: true, value: [] } }, 'Marketo', /no longer has/],
  [
    'a company that is missing',
    {
      parents: [
        parent({ kind: 'account', object: 'Account', id: ACCOUNT, marketo: { known: true, value: null } }),
      ],
    },
    'Company',
    /missing in Marketo/,
  ],
  [
    "a sales person with another e-mail than the User's",
    { parents: [parent({ email: { known: true, value: 'new@acme.example' } })] },
    'Sales person',
    /Rep@acme\.example, the User's is new@acme\.example/,
  ],
  [
    'another sales person in Marketo',
    { marketo: record({ externalSalesPersonId: '0055e0000000009AAA' }) },
    'Sales person',
    /0055e0000000009AAA; it should be/,
  ],
  [
    'a parent that is parked',
    { parents: [parent({ parked: PARKED })] },
    'Sales person',
    /parked because: The e-mail/,
  ],
  [
    'a parent out of scope',
    { parents: [parent({ ledger: { ...LEDGER, state: 'outside', notes: 'it is inactive' } })] },
    'Sales person',
    /left out \(it is inactive\)/,
  ],
  [
    'a record that waits',
    { change: { ...CHANGE, waiting_for: ACCOUNT, reason: `waits for Account ${ACCOUNT}` } },
    'Sent',
    /^It waits for Account/,
  ],
  [
    'a record that is tried again',
    { change: { ...CHANGE, attempts: 3, reason: 'Marketo is unavailable.' } },
    'Sent',
    /after 3 attempts: Marketo is unavailable/,
  ],
  ['a refusal', { parked: PARKED }, 'Accepted', /Parked \(1003\) because: The e-mail is not valid/],
  [
    'a filter',
    { ledger: { ...LEDGER, state: 'outside', notes: 'the filter leaves it out' } },
    'In scope',
    /the filter leaves it out/,
  ],
  [
    'a conversion',
    { object: 'Lead', salesforce: live({ IsConverted: true, ConvertedContactId: ID }) },
    'In scope',
    /converted/,
  ],
  ['a removal', { ledger: { ...LEDGER, state: 'released' } }, 'In scope', /removed in Salesforce/],
  [
    'a deletion',
    { salesforce: { known: true, value: { state: 'deleted', masterRecordId: null, row: { Id: ID } } } },
    'Salesforce',
    /is deleted/,
  ],
  [
    'a merge',
    { salesforce: { known: true, value: { state: 'deleted', masterRecordId: '0039', row: { Id: ID } } } },
    'Salesforce',
    /merged into 0039/,
  ],
  [
    'no right to read',
    { salesforce: { known: true, value: { state: 'unreadable' } } },
    'Salesforce',
    /does not show/,
  ],
  [
    'Salesforce being down',
    { salesforce: { known: false, reason: 'Salesforce could not be asked: down', advice: 'Wait.' } },
    'Salesforce',
    /could not be asked/,
  ],
  [
    'Marketo being down',
    {
      marketo: { known: false, reason: 'Marketo could not be asked: down', advice: 'Wait.' },
      insights: undefined,
    },
    'Marketo',
    /could not be asked/,
  ],
  [
    'missing fields',
    { missingInsights: ['relativeScore'] },
    'Sales Insight values',
    /no field relativeScore/,
  ],
  [
    'the native sync',
    {
      problems: [{ system: 'marketo', code: '1018', reason: 'Native sync is on.', advice: 'Switch it off.' }],
    },
    'Native sync',
    /Native sync is on/,
  ],
  [
    'a stream that is down',
    { problems: [{ system: 'stream', code: '403', reason: 'It is refused.', advice: 'Log in.' }] },
    'Connection: stream',
    /It is refused/,
  ],
]

for (const [what, facts, name, reason] of cases)
  t.test(`${what} is told, with what to do`, (t) => {
    const failed = diagnose({ ...FINE, ...facts })?.checks.filter((check) => !check.ok)
    const check = failed?.find((one) => one.name === name)
    t.match(check?.reason, reason)
    t.ok((check?.advice ?? '').length >= 5)
    t.end()
  })

t.test('what is no fault is told as such', (t) => {
  const told = (facts: Partial<RecordFacts>) =>
    diagnose({ ...FINE, ...facts })
      ?.checks.filter((check) => check.ok)
      .map(({ reason }) => reason)
      .join('\n')
  t.match(told({ queueOwner: true, parents: [] }), /A queue owns the record/)
  t.match(told({ parents: [] }), /keeps its last company/)
  t.match(told({ ledger: { ...LEDGER, notes: 'title was cut to 255 characters' } }), /title was cut/)
  t.match(told({ change: CHANGE }), /is queued/)
  t.match(told({ marketo: record({}) }), /not computed any/)
  t.end()
})

t.test('a record that is nowhere is nothing', (t) => {
  const nowhere: RecordFacts = {
    ...FINE,
    salesforce: { known: true, value: { state: 'unreadable' } },
    marketo: { known: true, value: [] },
    ledger: null,
  }
  t.equal(diagnose(nowhere), undefined)
  t.ok(diagnose({ ...nowhere, parked: PARKED }))
  t.ok(diagnose({ ...nowhere, salesforce: { known: false, reason: 'down', advice: 'wait' } }))
  t.end()
})
