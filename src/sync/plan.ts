// Decides what one record needs. Pure: give it what Salesforce says and what the ledger knows, get back one step. A child whose
// parent Marketo has not confirmed waits; a record that nothing differs in costs no call.
import type { LedgerEntry } from '../database/ledger.ts'
import type { RoleKey } from '../marketo/calls.ts'
import { isQueueId, toId18, type ObjectName } from '../salesforce/ids.ts'
import type { Reading } from '../salesforce/read.ts'
import { decodeHashes, differenceOf, encodeHashes, type Value } from './hashes.ts'
import type { ObjectMapping } from './mapping.ts'
import { isOnlyTrue, type ObjectDefinition, type Parent, type ParentColumn } from './objects/definition.ts'
import { BLANK_ROLE } from './objects/opportunity-role.ts'
import { roleKeyText } from './role-key.ts'
import { convert } from './values.ts'

export type References = Record<ParentColumn, string | null>

export interface Upsert {
  do: 'upsert'
  /** Changed fields, without keys. Empty only where the record's mere existence is to be sent. */
  fields: Record<string, Value>
  hashes: Uint8Array
  references: References
  /** Those of them that were not in Marketo, and are not told of. */
  withheld: string[]
  /** Marketo's id of the person or record, where the ledger knows it. */
  marketoId: string | null
  email: string | null
  role: RoleKey | null
  /** What could not be carried over whole, for the diagnosis. */
  notes: string | null
}

export type Step =
  | Upsert
  | { do: 'nothing' }
  /** Not in Marketo, on purpose; remembered so that its children do not wait for it. */
  | { do: 'outside'; references: References; reason: string }
  | { do: 'wait'; parent: string; object: ObjectName; reason: string }
  /** In Marketo, and Salesforce has confirmed that it must go. */
  | { do: 'remove'; reason: string; deleted: boolean }
  /** A merge loser: its Marketo record becomes part of the survivor's. */
  | { do: 'merge'; into: string }
  | { do: 'park'; code: string; reason: string; advice: string }

export interface PlanContext {
  definition: ObjectDefinition
  mapping: ObjectMapping
  parents: ReadonlyMap<string, LedgerEntry>
  /** Reasons of parents that are parked. */
  parkedParents: ReadonlyMap<string, string>
  /** Users that own a record in scope. */
  usedOwners: ReadonlySet<string>
  /** Records that the admin's filter leaves out. */
  filteredOut: ReadonlySet<string>
  nameHash: (field: string) => string
}

/** Named in the reason wherever the admin decided. */
export const SETTING = 'Marketo_Object_Setting__mdt'

/** A record that so many censuses running have not seen is gone for good (design §5, rule 15). */
export const MISSED_IS_GONE = 2
/** Parked with this code: Salesforce does not show it. */
export const NOT_SHOWN = 'unreadable'

export function planRecord(
  id: string,
  reading: Reading,
  entry: LedgerEntry | undefined,
  force: boolean,
  context: PlanContext,
): Step {
  // A Contact may be given the entry of the Lead it was: that one is not its own to remove.
  const inMarketo = entry?.id === id && isInMarketo(entry)
  // A released person that came back, and was merged or converted before anybody looked, becomes part of the survivor too; so does one that
  // Marketo only seemed to have lost.
  const mayJoin = inMarketo || (entry?.id === id && (entry.state === 'released' || entry.lostId !== null))
  // What Marketo seemed to have lost may be there still, under its key. Of a role no key is known any more.
  const mayBeThere =
    inMarketo ||
    (entry?.id === id && entry.state === 'lost' && context.definition.marketo !== 'OpportunityRole')
  // Not synced: what is in Marketo stays as it is, and what isn't does not get there.
  if (!context.mapping.active)
    return inMarketo || entry?.state === 'released'
      ? { do: 'nothing' }
      : {
          do: 'outside',
          references: NO_REFERENCES,
          reason: `${context.definition.object} is switched off in ${SETTING}`,
        }
  if (reading.state === 'unreadable') {
    if (entry?.id === id && entry.state === 'released' && entry.personId !== null)
      return { do: 'merge', into: entry.personId }
    if (mayBeThere && entry.missed >= MISSED_IS_GONE)
      return { do: 'remove', reason: 'deleted in Salesforce for good', deleted: true }
    return unreadable(id, context, inMarketo)
  }
  if (reading.state === 'deleted') {
    if (mayJoin && reading.masterRecordId !== null) return { do: 'merge', into: reading.masterRecordId }
    if (mayBeThere) return { do: 'remove', reason: 'deleted in Salesforce', deleted: true }
    return entry === undefined || entry.state === 'lost'
      ? { do: 'outside', references: NO_REFERENCES, reason: 'deleted in Salesforce' }
      : { do: 'nothing' }
  }
  const hidden = context.definition.keyFields?.find((field) => !context.mapping.reads.includes(field))
  if (hidden !== undefined) return fieldHidden(id, hidden, context, inMarketo)
  const references = referencesOf(reading.row, context.mapping.parents)
  const outOfScope = scopeReason(id, reading.row, references, context)
  if (outOfScope !== undefined) {
    const contact = reading.row.ConvertedContactId
    if (mayJoin && reading.row.IsConverted === true && typeof contact === 'string')
      return { do: 'merge', into: toId18(contact) ?? contact }
    return mayBeThere
      ? { do: 'remove', reason: outOfScope, deleted: false }
      : { do: 'outside', references, reason: outOfScope }
  }
  const waiting = waitFor(references, context)
  if (waiting !== undefined) return waiting
  return upsert(id, reading.row, entry, references, force, context)
}

/** What a filter leaves out is outside at once, so that its children stop referencing it, and has its Marketo id until it is gone there. */
export const isInMarketo = (entry: LedgerEntry | undefined): boolean =>
  entry !== undefined &&
  (entry.state === 'confirmed' ||
    entry.state === 'claimed' ||
    (entry.state === 'outside' && entry.marketoId !== null))

const NO_REFERENCES: References = { ownerId: null, accountId: null, personId: null, opportunityId: null }

type Row = Readonly<Record<string, unknown>>

function unreadable(id: string, context: PlanContext, inMarketo: boolean): Step {
  return {
    do: 'park',
    code: NOT_SHOWN,
    reason: `Salesforce does not show ${context.definition.object} ${id} to the integration user${inMarketo ? '; it stays in Marketo as it is' : ''}.`,
    advice:
      'Give the integration user the permission set Marketo_Sync_Integration (Setup > Permission Sets), then retry. If the record was deleted for good, the daily census removes it.',
  }
}

/** What was not read is not blank: a permission that is lost removes and renames nothing. */
function fieldHidden(id: string, field: string, { definition }: PlanContext, inMarketo: boolean): Step {
  return {
    do: 'park',
    code: NOT_SHOWN,
    reason: `Salesforce does not show ${field} of ${definition.object} ${id} to the integration user${inMarketo ? '; it stays in Marketo as it is' : ''}.`,
    advice: `Let the integration user read ${definition.object}.${field} again. The record is sent by itself once the mapping has been read anew.`,
  }
}

export function referencesOf(row: Row, parents: Parent[]): References {
  const references = { ...NO_REFERENCES }
  for (const parent of parents) {
    const value = row[parent.field]
    const id = typeof value === 'string' && value !== '' ? (toId18(value) ?? value) : null
    references[parent.column] = id !== null && parent.object === 'User' && isQueueId(id) ? null : id
  }
  // A person account counts as its Contact, with no company.
  if (row.IsPersonAccount === true) references.accountId = null
  return references
}

/** Why the record does not belong in Marketo; undefined when it does. */
function scopeReason(id: string, row: Row, references: References, context: PlanContext): string | undefined {
  if (context.filteredOut.has(id)) return `the filter in ${SETTING} leaves it out`
  switch (context.definition.object) {
    case 'User': {
      const active = row.IsActive !== false
      const standard = row.UserType === undefined || row.UserType === null || row.UserType === 'Standard'
      if (context.usedOwners.has(id) || (active && standard)) return undefined
      return active
        ? 'it is no standard user and owns no record in scope'
        : 'it is inactive and owns no record in scope'
    }
    case 'Account':
      return row.IsPersonAccount === true ? 'it is a person account, which counts as its Contact' : undefined
    case 'Lead':
      return row.IsConverted === true ? 'it is converted: its Contact takes its place' : undefined
    case 'OpportunityContactRole':
      for (const parent of [references.opportunityId, references.personId]) {
        if (parent === null) return 'its opportunity or contact is empty'
        const entry = context.parents.get(parent)
        if (entry?.state === 'outside' || entry?.state === 'released')
          return `its parent ${parent} is out of scope`
      }
      return undefined
    default:
      return undefined
  }
}

/** `parked` is the parent's own reason, where it is refused. */
export const waitsFor = (object: ObjectName, parent: string, parked: string | undefined): string =>
  `waits for ${object} ${parent}${parked === undefined ? '' : `, which is parked: ${parked}`}`

function waitFor(references: References, context: PlanContext): Step | undefined {
  for (const parent of context.mapping.parents) {
    const id = references[parent.column]
    if (id === null) continue
    const entry = context.parents.get(id)
    if (entry?.state === 'confirmed' || (entry?.state === 'outside' && !comesIn(parent, entry))) continue
    if (entry?.state === 'released' && !parent.required) continue
    return {
      do: 'wait',
      parent: id,
      object: parent.object,
      reason: waitsFor(parent.object, id, context.parkedParents.get(id)),
    }
  }
  return undefined
}

/** A user who owned nothing, and owns this record: that alone brings a user into scope, unless the admin leaves it out. */
function comesIn(parent: Parent, entry: LedgerEntry): boolean {
  return parent.object === 'User' && entry.notes?.includes(SETTING) !== true
}

function upsert(
  id: string,
  row: Row,
  entry: LedgerEntry | undefined,
  references: References,
  force: boolean,
  context: PlanContext,
): Step {
  const { definition, mapping } = context
  const role = definition.object === 'OpportunityContactRole' ? roleOf(row, references, context) : null
  const confirmed = entry?.state === 'confirmed'
  const sameKey = role === null || entry?.roleKey === roleKeyText(role)
  const lost = entry?.state === 'lost'
  const sent = decodeHashes(
    (confirmed && sameKey) || lost || definition.marketo === 'Lead' ? (entry?.hashes ?? null) : null,
  )

  const values = new Map<string, Value>()
  const notes: string[] = []
  let withdrawn = false
  for (const { from, to } of mapping.fields) {
    const { value, note } = convert(row[from], to)
    if (note !== undefined) notes.push(note)
    if (!isOnlyTrue(to.name) || value === true) values.set(to.name, value)
    // The person may opt in again by itself, so the next true is news.
    else if (sent.delete(context.nameHash(to.name))) withdrawn = true
  }
  const withheld: string[] = []
  for (const parent of mapping.parents) {
    if (parent.required) continue
    const reference = references[parent.column]
    const isThere = reference !== null && context.parents.get(reference)?.state === 'confirmed'
    const value = isThere ? reference : null
    if (reference !== null && !isThere) withheld.push(reference)
    if (value === null && parent.sticky === true) {
      if (sent.has(context.nameHash(parent.target)))
        notes.push(
          'Marketo keeps its last company: a person can be moved to another company there, never detached',
        )
      continue
    }
    values.set(parent.target, value)
  }
  if (definition.marketo === 'Lead') values.set('externalPersonId', id)

  if (role !== null && blank(row.Role))
    notes.push(`the role is blank in Salesforce and sent as ${BLANK_ROLE}`)
  const { fields, hashes } = differenceOf(values, sent, context.nameHash, force || lost)
  const unchanged = confirmed && sameKey && Object.keys(fields).length === 0 && !force
  if (unchanged && !withdrawn && sameReferences(entry, references)) return { do: 'nothing' }
  const email = row.Email
  return {
    do: 'upsert',
    fields: unchanged ? {} : fields,
    hashes: encodeHashes(hashes),
    references,
    withheld,
    marketoId: entry?.marketoId ?? null,
    email: typeof email === 'string' && email !== '' ? email : null,
    role,
    notes: notes.length === 0 ? null : notes.join('; '),
  }
}

function roleOf(row: Row, references: References, context: PlanContext): RoleKey {
  const person = context.parents.get(references.personId ?? '')
  return {
    externalOpportunityId: references.opportunityId ?? '',
    leadId: Number(person?.marketoId),
    role: blank(row.Role) ? BLANK_ROLE : String(row.Role),
  }
}

const blank = (value: unknown): boolean => typeof value !== 'string' || value.trim() === ''

function sameReferences(entry: LedgerEntry, references: References): boolean {
  return (Object.keys(references) as ParentColumn[]).every((column) => entry[column] === references[column])
}
