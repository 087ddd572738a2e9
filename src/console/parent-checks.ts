// Checks of what a record refers to: sales person, company, opportunity, person. A record shows in MSI only with its parents.
import { fine, wrong, type Check } from './check.ts'
import type { ParentFacts, ParentKind, RecordFacts, Values } from './record-facts.ts'

const NAMES: Record<ParentKind, { name: string; what: string; target: string; key: string }> = {
  owner: {
    name: 'Sales person',
    what: 'sales person',
    target: 'externalSalesPersonId',
    key: 'externalSalesPersonId',
  },
  account: { name: 'Company', what: 'company', target: 'externalCompanyId', key: 'externalCompanyId' },
  opportunity: {
    name: 'Opportunity',
    what: 'opportunity',
    target: 'externalOpportunityId',
    key: 'externalOpportunityId',
  },
  person: { name: 'Person', what: 'person', target: 'leadId', key: 'externalPersonId' },
}

export function parentChecks(facts: RecordFacts): Check[] {
  const record = facts.marketo.known ? facts.marketo.value[0] : undefined
  return [
    ...(facts.queueOwner
      ? [
          fine(
            'Sales person',
            'A queue owns the record, and a queue is no sales person: nobody sees it in MSI as theirs.',
          ),
        ]
      : []),
    ...facts.parents.map((parent) => parentCheck(parent, record)),
    ...keptCompany(facts, record),
  ]
}

function parentCheck(parent: ParentFacts, record: Values | undefined): Check {
  const { name, what } = NAMES[parent.kind]
  const { object, id, ledger, parked, marketo } = parent
  if (parked !== null)
    return wrong(name, `${object} ${id} is parked because: ${parked.reason}`, parked.advice)
  if (ledger?.state === 'outside')
    return wrong(
      name,
      `${object} ${id} is left out (${ledger.notes ?? 'out of scope'}), so the record does not refer to it.`,
      `If it belongs in Marketo, look at ${id}.`,
    )
  if (!marketo.known) return wrong(name, marketo.reason, marketo.advice)
  if (marketo.value === null)
    return wrong(
      name,
      `The ${what} of ${object} ${id} is missing in Marketo.`,
      `Look at ${id} and sync it now.`,
    )
  const email = emailCheck(parent, marketo.value)
  return email ?? referenceCheck(parent, record, marketo.value)
}

/** MSI's tab in Salesforce shows nothing for a user whose e-mail Marketo has otherwise. */
function emailCheck({ kind, id, email }: ParentFacts, salesPerson: Values): Check | undefined {
  if (kind !== 'owner' || !email.known || email.value === null) return undefined
  const there = typeof salesPerson.email === 'string' ? salesPerson.email : ''
  if (there.toLowerCase() === email.value.toLowerCase()) return undefined
  return wrong(
    NAMES.owner.name,
    `The sales person's e-mail in Marketo is ${there === '' ? 'blank' : there}, the User's is ${email.value}: MSI shows nothing to that user.`,
    `Sync User ${id} now. If Marketo refuses it, correct the e-mail there.`,
  )
}

function referenceCheck(parent: ParentFacts, record: Values | undefined, found: Values): Check {
  const { name, what, target } = NAMES[parent.kind]
  const expected = textOf(parent.kind === 'person' ? found.id : parent.id)
  const actual = textOf(record?.[target])
  if (record === undefined) return fine(name, `The ${what} of ${parent.object} ${parent.id} is in Marketo.`)
  if (actual === expected)
    return fine(
      name,
      `The ${what} of ${parent.object} ${parent.id} is in Marketo, and the record refers to it.`,
    )
  return wrong(
    name,
    `In Marketo the ${target} is ${actual === '' ? 'blank' : actual}; it should be ${expected}.`,
    'Sync the record now.',
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** Marketo can move a person to another company, never detach it. */
function keptCompany({ object, parents }: RecordFacts, record: Values | undefined): Check[] {
  const kept = record?.externalCompanyId
  if (object !== 'Contact' || typeof kept !== 'string' || parents.some(({ kind }) => kind === 'account'))
    return []
  return [
    fine(
      NAMES.account.name,
      `The Contact has no Account; Marketo keeps its last company ${kept}, because a person can't be detached there.`,
    ),
  ]
}
