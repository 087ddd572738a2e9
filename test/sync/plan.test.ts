import * as fc from 'fast-check'
import t from 'tap'
import type { LedgerEntry } from '../../src/database/ledger.ts'
import type { LedgerState } from '../../src/database/tables.ts'
import { OBJECTS, type ObjectName } from '../../src/salesforce/ids.ts'
import type { Reading } from '../../src/salesforce/read.ts'
import { encodeHashes, decodeHashes } from '../../src/sync/hashes.ts'
import { DEFINITIONS } from '../../src/sync/objects/index.ts'
import { MISSED_IS_GONE, planRecord, type PlanContext, type Step, type Upsert } from '../../src/sync/plan.ts'
import { everyField, wholeMapping } from './fixtures/mappings.ts'
import { contextOf, entryOf, hashesOf, idOf, nameHash } from './fixtures/plans.ts'

const USER = idOf('User')
const ACCOUNT = idOf('Account')
const LEAD = idOf('Lead')
const CONTACT = idOf('Contact')
const OPPORTUNITY = idOf('Opportunity')

const live = (row: Record<string, unknown>): Reading => ({
  state: 'live',
  row: { Id: '', ...row },
})
const deleted = (masterRecordId: string | null = null): Reading => ({
  state: 'deleted',
  masterRecordId,
  row: { Id: '' },
})

const owner = entryOf('User', USER)
const account = entryOf('Account', ACCOUNT)

function plan(
  object: ObjectName,
  reading: Reading,
  entry?: LedgerEntry,
  context: PlanContext = contextOf(object, [owner, account]),
  force = false,
): Step {
  return planRecord(idOf(object), reading, entry, force, context)
}

function upsert(step: Step): Upsert {
  if (step.do !== 'upsert') throw new Error(`${step.do} instead of upsert: ${JSON.stringify(step)}`)
  return step
}

/** The ledger after the step was accepted. */
const after = (object: ObjectName, step: Step, changes: Partial<LedgerEntry> = {}): LedgerEntry => {
  const { hashes, references } = upsert(step)
  return entryOf(object, idOf(object), { hashes, ...references, ...changes })
}

t.test(
  'ids that a record refers to are kept with 18 characters, however Salesforce writes them',
  async (t) => {
    const row = { OwnerId: USER.slice(0, 15), AccountId: ACCOUNT.slice(0, 15), LastName: 'Ann' }
    const step = upsert(plan('Contact', live(row)))
    t.match(step.references, { ownerId: USER, accountId: ACCOUNT })
    t.match(step.fields, { externalSalesPersonId: USER, externalCompanyId: ACCOUNT })
    const converted = live({ IsConverted: true, ConvertedContactId: CONTACT.slice(0, 15) })
    t.strictSame(plan('Lead', converted, entryOf('Lead', LEAD)), { do: 'merge', into: CONTACT })
  },
)

t.test('a new record is sent with what it has, and with no blanks', async (t) => {
  const step = upsert(plan('Lead', live({ OwnerId: USER, Email: 'a@b.c', FirstName: 'Ann', Title: null })))
  t.strictSame(step.fields, {
    email: 'a@b.c',
    firstName: 'Ann',
    externalSalesPersonId: USER,
    externalPersonId: LEAD,
  })
  t.equal(step.email, 'a@b.c')
  t.equal(step.marketoId, null)
})

t.test('what was sent is not sent again; only what differs is', async (t) => {
  const row = { OwnerId: USER, Email: 'a@b.c', Title: 'Boss' }
  const entry = after('Lead', plan('Lead', live(row)), { marketoId: '7' })
  t.strictSame(plan('Lead', live(row), entry), { do: 'nothing' })
  const changed = upsert(plan('Lead', live({ ...row, Title: null, Phone: '1' }), entry))
  t.strictSame(changed.fields, { title: null, phone: '1' })
  t.equal(changed.marketoId, '7')
  const forced = upsert(plan('Lead', live(row), entry, undefined, true))
  t.strictSame(Object.keys(forced.fields).sort(), [
    'email',
    'externalPersonId',
    'externalSalesPersonId',
    'title',
  ])
})

t.test('a person is opted out, never in', async (t) => {
  const optedOut = { OwnerId: USER, HasOptedOutOfEmail: true, DoNotCall: true }
  const optedIn = { OwnerId: USER, HasOptedOutOfEmail: false, DoNotCall: false }
  t.notOk('unsubscribed' in upsert(plan('Lead', live(optedIn))).fields)
  const out = plan('Lead', live(optedOut))
  t.match(upsert(out).fields, { unsubscribed: true, doNotCall: true })
  const entry = after('Lead', out)
  t.strictSame(plan('Lead', live(optedOut), entry), { do: 'nothing' })

  const back = plan('Lead', live(optedIn), entry)
  t.strictSame(upsert(back).fields, {}, 'taking it back in Salesforce sends nothing')
  const again = plan('Lead', live(optedOut), after('Lead', back))
  t.match(upsert(again).fields, { unsubscribed: true }, 'but the next opt-out is sent again')
})

t.test('a person is opted out, never in, however Marketo spells the fields', async (t) => {
  const whole = wholeMapping()
  const { fields } = whole.objects.Lead
  const spelled = fields.map((field) => ({
    ...field,
    to: { ...field.to, name: field.to.name.toLowerCase() },
  }))
  const context = { ...contextOf('Lead', [owner]), mapping: { ...whole.objects.Lead, fields: spelled } }
  const optedIn = live({ OwnerId: USER, HasOptedOutOfEmail: false, DoNotCall: false })
  const sent = upsert(plan('Lead', optedIn, undefined, context)).fields
  t.notOk('donotcall' in sent || 'unsubscribed' in sent)
  const optedOut = live({ OwnerId: USER, HasOptedOutOfEmail: true, DoNotCall: true })
  t.match(upsert(plan('Lead', optedOut, undefined, context)).fields, { unsubscribed: true, donotcall: true })
})

t.test('parents come first', async (t) => {
  const row = live({ OwnerId: USER, AccountId: ACCOUNT })
  const states: [string, LedgerEntry[], Partial<Step>][] = [
    ['unknown', [owner], { do: 'wait', parent: ACCOUNT, object: 'Account' }],
    ['claimed', [owner, entryOf('Account', ACCOUNT, { state: 'claimed' })], { do: 'wait' }],
    ['confirmed', [owner, account], { do: 'upsert' }],
    ['outside', [owner, entryOf('Account', ACCOUNT, { state: 'outside' })], { do: 'upsert' }],
  ]
  for (const [name, parents, expected] of states)
    t.match(plan('Contact', row, undefined, contextOf('Contact', parents)), expected, name)
  const step = plan(
    'Contact',
    row,
    undefined,
    contextOf('Contact', [owner], { parkedParents: new Map([[ACCOUNT, 'its name is too long']]) }),
  )
  t.match(step, { do: 'wait', reason: /which is parked: its name is too long/ })
})

t.test('a parent that is left out is not referenced', async (t) => {
  const parents = [owner, entryOf('Account', ACCOUNT, { state: 'outside' })]
  const step = upsert(
    plan(
      'Opportunity',
      live({ OwnerId: USER, AccountId: ACCOUNT }),
      undefined,
      contextOf('Opportunity', parents),
    ),
  )
  t.notOk('externalCompanyId' in step.fields)
  t.equal(step.references.accountId, ACCOUNT, 'but remembered, for the day it comes into scope')
  const known = entryOf('Opportunity', OPPORTUNITY, { hashes: hashesOf({ externalCompanyId: ACCOUNT }) })
  const left = upsert(
    plan(
      'Opportunity',
      live({ OwnerId: USER, AccountId: ACCOUNT }),
      known,
      contextOf('Opportunity', parents),
    ),
  )
  t.equal(left.fields.externalCompanyId, null)
})

t.test(
  'an object that is switched off stays in Marketo as it is, and nothing of it gets there',
  async (t) => {
    const off = wholeMapping({ settings: [{ object: 'Lead', active: false, filter: null }] }).objects.Lead
    const context = contextOf('Lead', [owner], { mapping: off, filteredOut: new Set([LEAD]) })
    const readings: Reading[] = [
      live({ OwnerId: USER }),
      deleted(),
      deleted(CONTACT),
      { state: 'unreadable' },
    ]
    for (const reading of readings) {
      for (const state of ['confirmed', 'claimed', 'released'] as const)
        t.strictSame(plan('Lead', reading, entryOf('Lead', LEAD, { state }), context), { do: 'nothing' })
      t.match(plan('Lead', reading, undefined, context), { do: 'outside', reason: /switched off/ })
    }
    const missed = entryOf('Lead', LEAD, { missed: MISSED_IS_GONE })
    t.strictSame(plan('Lead', { state: 'unreadable' }, missed, context), { do: 'nothing' })
  },
)

t.test('a user who owned nothing comes in with what it owns, unless the admin left it out', async (t) => {
  const off = wholeMapping({ settings: [{ object: 'User', active: false, filter: null }] }).objects.User
  const idle = { IsActive: false, UserType: 'Standard' }
  const cases: [Record<string, unknown>, PlanContext, Partial<Step>][] = [
    [idle, contextOf('User'), { do: 'wait', parent: USER }],
    [{}, contextOf('User', [], { filteredOut: new Set([USER]) }), { do: 'upsert' }],
    [{}, contextOf('User', [], { mapping: off }), { do: 'upsert' }],
  ]
  for (const [row, context, expected] of cases) {
    const step = plan('User', live(row), undefined, context)
    const notes = step.do === 'outside' ? step.reason : step.do
    const outside = contextOf('Lead', [entryOf('User', USER, { state: 'outside', notes })])
    t.match(plan('Lead', live({ OwnerId: USER }), undefined, outside), expected, notes)
  }
})

t.test('which users are in scope', async (t) => {
  const used = contextOf('User', [], { usedOwners: new Set([USER]) })
  const cases: [string, Record<string, unknown>, PlanContext, Step['do']][] = [
    ['active standard', { IsActive: true, UserType: 'Standard' }, contextOf('User'), 'upsert'],
    ['inactive', { IsActive: false, UserType: 'Standard' }, contextOf('User'), 'outside'],
    ['inactive owner', { IsActive: false, UserType: 'Standard' }, used, 'upsert'],
    ['partner', { IsActive: true, UserType: 'PowerPartner' }, contextOf('User'), 'outside'],
    ['partner who owns', { IsActive: true, UserType: 'PowerPartner' }, used, 'upsert'],
  ]
  for (const [name, row, context, expected] of cases)
    t.equal(plan('User', live(row), undefined, context).do, expected, name)
})

t.test('a queue is no sales person: null is sent if one had been sent before', async (t) => {
  const queue = '00G5e000001AbCdEAV'
  t.notOk('externalSalesPersonId' in upsert(plan('Lead', live({ OwnerId: queue }))).fields)
  const entry = entryOf('Lead', LEAD, {
    ownerId: USER,
    hashes: hashesOf({ externalSalesPersonId: USER, externalPersonId: LEAD }),
  })
  t.strictSame(upsert(plan('Lead', live({ OwnerId: queue }), entry)).fields, { externalSalesPersonId: null })
})

t.test(
  'a Contact that loses its Account keeps the last company in Marketo, and the notes say so for good',
  async (t) => {
    const row = { OwnerId: USER, AccountId: ACCOUNT, LastName: 'X' }
    const first = after('Contact', plan('Contact', live(row)))
    const left = plan('Contact', live({ ...row, AccountId: null }), first)
    t.strictSame(upsert(left).fields, {})
    t.match(upsert(left).notes, /never detached/)
    const later = plan('Contact', live({ ...row, AccountId: null, LastName: 'Y' }), after('Contact', left))
    t.strictSame(upsert(later).fields, { lastName: 'Y' })
    t.match(upsert(later).notes, /never detached/)
    t.notMatch(upsert(plan('Contact', live({ OwnerId: USER }))).notes ?? '', /never detached/)
  },
)

t.test('person accounts count as their Contact, with no company', async (t) => {
  t.match(plan('Account', live({ IsPersonAccount: true })), { do: 'outside', reason: /person account/ })
  const step = upsert(
    plan(
      'Contact',
      live({ OwnerId: USER, AccountId: ACCOUNT, IsPersonAccount: true }),
      undefined,
      contextOf('Contact', [owner]),
    ),
  )
  t.equal(step.references.accountId, null)
})

t.test('roles: key, blank role, parents out of scope', async (t) => {
  const person = entryOf('Contact', CONTACT, { marketoId: '7' })
  const opportunity = entryOf('Opportunity', OPPORTUNITY)
  const row = { OpportunityId: OPPORTUNITY, ContactId: CONTACT, Role: 'Decision Maker', IsPrimary: true }
  const context = contextOf('OpportunityContactRole', [person, opportunity])
  const step = upsert(plan('OpportunityContactRole', live(row), undefined, context))
  t.strictSame(step.role, { externalOpportunityId: OPPORTUNITY, leadId: 7, role: 'Decision Maker' })
  const blank = upsert(plan('OpportunityContactRole', live({ ...row, Role: ' ' }), undefined, context))
  t.equal(blank.role?.role, 'Other')
  t.match(blank.notes, /sent as Other/)
  for (const state of ['outside', 'released'] satisfies LedgerState[])
    t.match(
      plan(
        'OpportunityContactRole',
        live(row),
        undefined,
        contextOf('OpportunityContactRole', [{ ...person, state }, opportunity]),
      ),
      { do: 'outside' },
      state,
    )
  t.match(plan('OpportunityContactRole', live({ ...row, ContactId: null }), undefined, context), {
    do: 'outside',
  })
  t.match(
    plan('OpportunityContactRole', live(row), undefined, contextOf('OpportunityContactRole', [opportunity])),
    { do: 'wait', parent: CONTACT },
  )
})

t.test('a renamed role is another Marketo role: everything is sent', async (t) => {
  const context = contextOf('OpportunityContactRole', [
    entryOf('Contact', CONTACT, { marketoId: '7' }),
    entryOf('Opportunity', OPPORTUNITY),
  ])
  const row = { OpportunityId: OPPORTUNITY, ContactId: CONTACT, Role: 'User', IsPrimary: true }
  const first = plan('OpportunityContactRole', live(row), undefined, context)
  const entry = after('OpportunityContactRole', first, { roleKey: `${OPPORTUNITY}|7|User` })
  t.strictSame(plan('OpportunityContactRole', live(row), entry, context), { do: 'nothing' })
  const renamed = upsert(plan('OpportunityContactRole', live({ ...row, Role: 'Sponsor' }), entry, context))
  t.strictSame(renamed.fields, { isPrimary: true })
})

t.test('what leaves, and how', async (t) => {
  const lead = entryOf('Lead', LEAD, { marketoId: '7' })
  const cases: [string, Reading, LedgerEntry | undefined, Partial<Step>][] = [
    ['deleted', deleted(), lead, { do: 'remove', deleted: true }],
    ['deleted, never known', deleted(), undefined, { do: 'outside' }],
    ['deleted, released before', deleted(), { ...lead, state: 'released' }, { do: 'nothing' }],
    ['merged', deleted(idOf('Lead', 2)), lead, { do: 'merge', into: idOf('Lead', 2) }],
    [
      'released, then merged',
      deleted(idOf('Lead', 2)),
      { ...lead, state: 'released' },
      { do: 'merge', into: idOf('Lead', 2) },
    ],
    ['merged, never known', deleted(idOf('Lead', 2)), undefined, { do: 'outside' }],
    [
      'converted',
      live({ IsConverted: true, ConvertedContactId: CONTACT }),
      lead,
      { do: 'merge', into: CONTACT },
    ],
    [
      'converted, never known',
      live({ IsConverted: true, ConvertedContactId: CONTACT }),
      undefined,
      { do: 'outside' },
    ],
    ['not readable', { state: 'unreadable' }, lead, { do: 'park', code: 'unreadable' }],
    [
      'not readable, let go with the survivor of its merge',
      { state: 'unreadable' },
      { ...lead, state: 'released', personId: CONTACT },
      { do: 'merge', into: CONTACT },
    ],
    ['not readable, missed once', { state: 'unreadable' }, { ...lead, missed: 1 }, { do: 'park' }],
    ['missed often', { state: 'unreadable' }, { ...lead, missed: MISSED_IS_GONE }, { do: 'remove' }],
    [
      'missed often, and lost in Marketo, perhaps',
      { state: 'unreadable' },
      { ...lead, state: 'lost', marketoId: null, missed: MISSED_IS_GONE },
      { do: 'remove' },
    ],
    ['missed often, never known', { state: 'unreadable' }, undefined, { do: 'park' }],
  ]
  for (const [name, reading, entry, expected] of cases) t.match(plan('Lead', reading, entry), expected, name)
  const filtered = contextOf('Lead', [owner], { filteredOut: new Set([LEAD]) })
  t.match(plan('Lead', live({ OwnerId: USER }), lead, filtered), { do: 'remove', deleted: false })
  t.match(plan('Lead', live({ OwnerId: USER }), undefined, filtered), { do: 'outside' })
  const leaving = { ...lead, state: 'outside' } as const
  t.match(plan('Lead', live({ OwnerId: USER }), leaving, filtered), { do: 'remove' }, 'not gone there yet')
  t.match(plan('Lead', live({ OwnerId: USER }), { ...leaving, marketoId: null }, filtered), { do: 'outside' })
})

t.test('a Contact out of scope does not remove the Lead it was', async (t) => {
  const was = entryOf('Lead', LEAD, { marketoId: '7' })
  const filtered = contextOf('Contact', [owner], { filteredOut: new Set([CONTACT]) })
  t.match(planRecord(CONTACT, live({ OwnerId: USER }), was, false, filtered), { do: 'outside' })
  const step = upsert(planRecord(CONTACT, live({ OwnerId: USER }), was, false, contextOf('Contact', [owner])))
  t.equal(step.marketoId, '7')
  t.equal(step.fields.externalPersonId, CONTACT)
})

t.test('the Marketo id of a released person is taken back, with every value', async (t) => {
  const released = entryOf('Lead', LEAD, { state: 'released', marketoId: '7' })
  const step = upsert(plan('Lead', live({ OwnerId: USER, Email: 'a@b.c' }), released))
  t.equal(step.marketoId, '7')
  t.match(step.fields, { email: 'a@b.c', externalPersonId: LEAD, externalSalesPersonId: USER })
})

// --- whatever Salesforce and the ledger say ---

const state = fc.constantFrom<LedgerState>('claimed', 'confirmed', 'released', 'outside', 'lost')
const text = fc.oneof(fc.constant(null), fc.boolean(), fc.string(), fc.integer())

function world(object: ObjectName) {
  const { mapping, parents, reads } = DEFINITIONS[object]
  const row = fc.record(
    Object.fromEntries([
      ...mapping.map(([from]) => [from, text]),
      ...reads.map((field) => [field, fc.oneof(fc.boolean(), fc.constant(null))]),
      ...parents.map((parent) => [
        parent.field,
        fc.option(fc.integer({ min: 1, max: 3 }).map((n) => idOf(parent.object, n))),
      ]),
    ]) as Record<string, fc.Arbitrary<unknown>>,
    { requiredKeys: [] },
  )
  const known = fc.option(state, { nil: undefined })
  const ledger = fc
    .tuple(
      ...parents.flatMap((parent) =>
        [1, 2, 3].map((n) =>
          known.map((one) =>
            one === undefined
              ? []
              : [entryOf(parent.object, idOf(parent.object, n), { state: one, marketoId: String(n) })],
          ),
        ),
      ),
    )
    .map((entries) => entries.flat())
  return fc.record({
    object: fc.constant(object),
    rows: fc.array(row, { minLength: 1, maxLength: 3 }),
    ledger,
    own: known,
    force: fc.boolean(),
  })
}

t.test(
  'no history of a record opts anybody in, names an unconfirmed parent or blanks what it never sent',
  async () => {
    fc.assert(
      fc.property(fc.constantFrom(...OBJECTS).chain(world), ({ object, rows, ledger, own, force }) => {
        const context = contextOf(object, ledger)
        const confirmed = new Set(
          ledger.filter((entry) => entry.state === 'confirmed').map((entry) => entry.id),
        )
        let entry =
          own === undefined ? undefined : entryOf(object, idOf(object), { state: own, marketoId: '9' })
        for (const row of rows) {
          const step = planRecord(idOf(object), live(row), entry, force, context)
          if (step.do !== 'upsert') continue
          if (step.fields.unsubscribed === false || step.fields.doNotCall === false) return false
          for (const parent of DEFINITIONS[object].parents) {
            const sent = step.fields[parent.target]
            if (typeof sent === 'string' && !confirmed.has(sent)) return false
            if (parent.required && !confirmed.has(step.references[parent.column] ?? '')) return false
          }
          if (step.role !== null && !Number.isInteger(step.role.leadId)) return false
          const before = decodeHashes(entry?.hashes ?? null)
          for (const [field, value] of Object.entries(step.fields))
            if (value === null && !before.has(nameHash(field))) return false
          entry = entryOf(object, idOf(object), {
            marketoId: '9',
            hashes: step.hashes,
            ...step.references,
            roleKey:
              step.role === null
                ? null
                : `${step.role.externalOpportunityId}|${step.role.leadId}|${step.role.role}`,
          })
          const again = planRecord(idOf(object), live(row), entry, false, context)
          if (again.do !== 'nothing') return false
        }
        return true
      }),
      { numRuns: 400 },
    )
  },
)

t.test('hashes of another form are no reason to fail', async (t) => {
  const entry = entryOf('Lead', LEAD, {
    hashes: Buffer.concat([encodeHashes(new Map()), Buffer.from([1, 2, 3])]),
  })
  t.equal(plan('Lead', live({ OwnerId: USER }), entry).do, 'upsert')
})

t.test(
  'a role of which Salesforce does not show what its key is made of is neither removed nor renamed',
  async (t) => {
    const context = contextOf('OpportunityContactRole', [
      entryOf('Contact', CONTACT, { marketoId: '7' }),
      entryOf('Opportunity', OPPORTUNITY),
    ])
    for (const field of ['OpportunityId', 'ContactId', 'Role']) {
      const { salesforce } = everyField()
      const readable = new Map(salesforce.OpportunityContactRole)
      readable.delete(field)
      const mapping = wholeMapping({
        salesforce: { ...salesforce, OpportunityContactRole: readable },
      }).objects.OpportunityContactRole
      const shown: Record<string, unknown> = { OpportunityId: OPPORTUNITY, ContactId: CONTACT, Role: 'User' }
      delete shown[field]
      const step = plan(
        'OpportunityContactRole',
        live(shown),
        entryOf('OpportunityContactRole', idOf('OpportunityContactRole'), {
          roleKey: `${OPPORTUNITY}|7|User`,
        }),
        { ...context, mapping },
      )
      t.match(step, {
        do: 'park',
        code: 'unreadable',
        reason: new RegExp(`does not show ${field} of OpportunityContactRole .* stays in Marketo`),
        advice: new RegExp(`OpportunityContactRole\\.${field}`),
      })
    }
  },
)
