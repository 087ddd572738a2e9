// "Why is this record not in MSI?" in plain words. Pure: facts in, checks out, in the order in which a cure makes sense.
import type { LedgerEntry } from '../database/ledger.ts'
import { NATIVE_SYNC } from '../marketo/known-codes.ts'
import { fine, wrong, type Check } from './check.ts'
import { parentChecks } from './parent-checks.ts'
import type { RecordFacts, Values } from './record-facts.ts'

export interface Diagnosis {
  id: string
  object: string
  salesforce: Values | null
  ledger: Values | null
  marketo: Values | null
  checks: Check[]
}

/** Marketo's names of the objects and of their keys. */
const IN_MARKETO: Record<RecordFacts['object'], { what: string; key: string }> = {
  User: { what: 'sales person', key: 'externalSalesPersonId' },
  Account: { what: 'company', key: 'externalCompanyId' },
  Lead: { what: 'person', key: 'externalPersonId' },
  Contact: { what: 'person', key: 'externalPersonId' },
  Opportunity: { what: 'opportunity', key: 'externalOpportunityId' },
  OpportunityContactRole: { what: 'opportunity role', key: 'externalOpportunityId, leadId and role' },
}

/** Undefined for a record that is nowhere: not in Salesforce, not in Marketo, and never heard of. */
export function diagnose(facts: RecordFacts): Diagnosis | undefined {
  const { salesforce, marketo } = facts
  const heardOf = facts.ledger !== null || facts.parked !== null || facts.change !== null
  const inSalesforce = !salesforce.known || salesforce.value.state !== 'unreadable'
  const inMarketo = !marketo.known || marketo.value.length > 0
  if (!heardOf && !inSalesforce && !inMarketo) return undefined
  return {
    id: facts.id,
    object: facts.object,
    salesforce: salesforce.known && salesforce.value.state !== 'unreadable' ? salesforce.value.row : null,
    ledger: facts.ledger === null ? null : ledgerValues(facts.ledger),
    marketo: marketo.known ? (marketo.value[0] ?? null) : null,
    checks: [
      salesforceCheck(facts),
      scopeCheck(facts),
      ...refusedCheck(facts),
      queueCheck(facts),
      marketoCheck(facts),
      ...keyCheck(facts),
      ...parentChecks(facts),
      ...valueChecks(facts),
      ...notesCheck(facts),
      ...connectionChecks(facts),
    ],
  }
}

function ledgerValues({ hashes, ...entry }: LedgerEntry): Values {
  return {
    ...entry,
    fieldsSent: hashes === null ? 0 : Math.floor(hashes.length / 10),
    confirmedAt: entry.confirmedAt?.toISOString() ?? null,
    pushedAt: entry.pushedAt?.toISOString() ?? null,
  }
}

function salesforceCheck({ salesforce, object, id }: RecordFacts): Check {
  const name = 'Salesforce'
  if (!salesforce.known) return wrong(name, salesforce.reason, salesforce.advice)
  const reading = salesforce.value
  if (reading.state === 'live')
    return fine(name, `The ${object} is there, and the integration user can read it.`)
  if (reading.state === 'unreadable')
    return wrong(
      name,
      `Salesforce does not show ${object} ${id} to the integration user: it was deleted for good, or may not be read.`,
      'If it exists, give the integration user the permission set Marketo_Sync_Integration in Setup > Permission Sets.',
    )
  const { masterRecordId } = reading
  return masterRecordId === null
    ? wrong(
        name,
        `The ${object} is deleted in Salesforce.`,
        'Restore it from the Recycle Bin if it is still needed.',
      )
    : wrong(name, `The ${object} was merged into ${masterRecordId}.`, `Look at ${masterRecordId} instead.`)
}

function scopeCheck({ salesforce, ledger, object }: RecordFacts): Check {
  const name = 'In scope'
  const row = salesforce.known && salesforce.value.state === 'live' ? salesforce.value.row : undefined
  if (object === 'Lead' && row?.IsConverted === true)
    return wrong(
      name,
      'The Lead is converted: its Contact takes its place in Marketo.',
      typeof row.ConvertedContactId === 'string'
        ? `Look at Contact ${row.ConvertedContactId} instead.`
        : 'Look at its Contact instead.',
    )
  if (ledger?.state === 'outside')
    return wrong(
      name,
      `The bridge leaves it out: ${ledger.notes ?? 'it is out of scope'}.`,
      'If it belongs in Marketo, change the record or the filter (Setup > Custom Metadata Types > Marketo Object Setting), then sync it.',
    )
  if (ledger?.state === 'released')
    return wrong(
      name,
      'It was removed in Salesforce; Marketo keeps the person, without its externalPersonId.',
      'Undelete it in Salesforce to tie it to the same person again.',
    )
  return fine(name, 'Nothing leaves it out.')
}

function refusedCheck({ parked }: RecordFacts): Check[] {
  if (parked === null) return [fine('Accepted', 'It is not on the list of refused records.')]
  return [wrong('Accepted', `Parked (${parked.code}) because: ${parked.reason}`, parked.advice)]
}

function queueCheck({ change, ledger, parked }: RecordFacts): Check {
  const name = 'Sent'
  if (change === null && parked !== null)
    return fine(name, 'Nothing is queued: it is tried again when it changes, or on demand.')
  if (change === null)
    return ledger === null
      ? wrong(name, 'The bridge has never heard of it.', 'Sync it now, or run a backfill.')
      : fine(name, 'Nothing waits to be sent.')
  if (change.waiting_for !== null)
    return wrong(
      name,
      `It ${change.reason ?? `waits for ${change.waiting_for}`}.`,
      `It goes on by itself when that is cured: look at ${change.waiting_for}.`,
    )
  if (change.attempts > 0)
    return wrong(
      name,
      `It is tried again after ${change.attempts} attempts: ${change.reason ?? 'Marketo was not ready'}`,
      `Nothing to do: the next attempt is at ${change.due.toISOString()}.`,
    )
  return fine(name, 'A change is queued and goes out as soon as it is its turn.')
}

function marketoCheck({ marketo, object, id, ledger }: RecordFacts): Check {
  const name = 'Marketo'
  const { what, key } = IN_MARKETO[object]
  if (!marketo.known) return wrong(name, marketo.reason, marketo.advice)
  if (marketo.value.length === 0)
    return wrong(
      name,
      ledger?.state === 'confirmed'
        ? `Marketo no longer has the ${what} of ${object} ${id}: it was deleted or merged there.`
        : `Marketo has no ${what} with the ${key} of ${object} ${id}.`,
      'Cure what the checks above say, if anything, and sync it now.',
    )
  if (marketo.value.length > 1)
    return wrong(
      name,
      `Marketo has ${marketo.value.length} records with the ${key} ${id}: ${marketo.value.map((one) => nameOf(one)).join(', ')}.`,
      'Merge them in Marketo (Database > Person Actions > Merge People), or set SEVERAL_PERSONS=merge.',
    )
  return fine(
    name,
    `Marketo has the ${what}${nameOf(marketo.value[0]!) === '' ? '' : ` ${nameOf(marketo.value[0]!)}`}.`,
  )
}

function nameOf(record: Values): string {
  const id = record.id ?? record.marketoGUID
  return typeof id === 'number' || typeof id === 'string' ? String(id) : ''
}

/** MSI finds persons by this field alone. */
function keyCheck({ marketo, object, id }: RecordFacts): Check[] {
  const record = marketo.known ? marketo.value[0] : undefined
  if (record === undefined || (object !== 'Lead' && object !== 'Contact')) return []
  const name = 'externalPersonId'
  const key = record.externalPersonId
  if (key === id) return [fine(name, 'It is the id of the record.')]
  if (typeof key === 'string' && key !== '')
    return [
      wrong(
        name,
        `The person in Marketo belongs to another record: its externalPersonId is ${key}.`,
        `Look at ${key}; if both are the same person, merge them in Salesforce. Then sync it now.`,
      ),
    ]
  return [
    wrong(
      name,
      'The person in Marketo has no externalPersonId, so MSI does not connect it with the record.',
      'Sync it now. If the field does not exist, ask Adobe Support to enable "MSI Non-Native".',
    ),
  ]
}

function valueChecks({ object, marketo, insights, missingInsights }: RecordFacts): Check[] {
  if (object !== 'Lead' && object !== 'Contact') return []
  const name = 'Sales Insight values'
  if (insights === undefined) return []
  if (missingInsights.length > 0)
    return [
      wrong(
        name,
        `Marketo's persons have no field ${missingInsights.join(', ')}.`,
        'Ask Adobe Support to enable "MSI Non-Native" for this Marketo instance, then restart the bridge.',
      ),
    ]
  const record = marketo.known ? marketo.value[0] : undefined
  if (record === undefined) return []
  const values = Object.entries(insights)
    .filter(([, field]) => record[field] !== undefined && record[field] !== null && record[field] !== '')
    .map(([ours, field]) => `${ours} ${String(record[field])}`)
  return [
    fine(
      name,
      values.length === 0 ? 'Marketo has not computed any for the person yet.' : `${values.join(', ')}.`,
    ),
  ]
}

function notesCheck({ ledger }: RecordFacts): Check[] {
  if (ledger === null || ledger.notes === null || ledger.state === 'outside') return []
  return [fine('Carried over', `Not everything as it is in Salesforce: ${ledger.notes}.`)]
}

function connectionChecks({ problems }: RecordFacts): Check[] {
  const native = problems.filter(({ system, code }) => system === 'marketo' && code === NATIVE_SYNC)
  const others = problems.filter(
    (problem) =>
      !native.includes(problem) && ['salesforce', 'marketo', 'stream', 'sync'].includes(problem.system),
  )
  return [
    ...native.map(({ reason, advice }) => wrong('Native sync', reason, advice)),
    ...others.map(({ system, reason, advice }) => wrong(`Connection: ${system}`, reason, advice)),
  ]
}
