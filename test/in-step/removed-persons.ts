// What became in Marketo of persons that left Salesforce's scope (design §5, rules 9 and 14). Only whoever saw them before can tell,
// so the check is handed the Marketo ids of an earlier one.
import type { MarketoInstance } from '../simulators/marketo/index.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import type { MarketoSide } from './marketo-side.ts'
import { MAPPED } from './objects.ts'
import type { Scope } from './scope.ts'

export interface Past {
  /** Salesforce id → Marketo id. */
  former: ReadonlyMap<string, number>
  deletePolicy: 'keep' | 'delete'
  /** Persons that marketers made: adopted ones are released, never deleted. */
  made: ReadonlySet<number>
  /** Persons that marketers deleted or merged away. */
  unmade: ReadonlySet<number>
  /** Hard deletes are only noticed by the census. */
  beforeCensus: boolean
}

type PersonObject = 'Lead' | 'Contact'
const objectOf = (id: string): PersonObject => (id.startsWith(MAPPED.Contact.prefix) ? 'Contact' : 'Lead')

/** Where merges and conversions have led to; the id itself if there were none. */
export function survivorOf(org: Org, id: string): string {
  const seen = new Set<string>()
  for (let at = id; ;) {
    const row = seen.has(at) ? undefined : org.get(objectOf(at), at)
    seen.add(at)
    const next = row?.['IsConverted'] === true ? row['ConvertedContactId'] : row?.['MasterRecordId']
    if (typeof next !== 'string') return at
    at = next
  }
}

export function compareFormer(
  org: Org,
  instance: MarketoInstance,
  { scope, side, past }: { scope: Scope; side: MarketoSide; past: Past },
): string[] {
  const mergedAway = mergedInMarketo(instance)
  const mayStay = absorbed(instance, past.made)
  const isInScope = (id: string): boolean => scope.records[objectOf(id)].has(id)
  const personOf = (id: string): number | undefined => {
    const rows = side.rows[objectOf(id)].get(id) ?? []
    return rows.length === 1 ? Number(rows[0]!.id) : undefined
  }
  const belongsToAnother = (leadId: number, id: string): boolean => {
    const key = instance.leads.get(leadId)?.fields.externalPersonId
    return typeof key === 'string' && key !== id && isInScope(key)
  }

  function judge(id: string, leadId: number): string | undefined {
    if (scope.isUnreadable(id) || belongsToAnother(leadId, id)) return undefined
    const lead = instance.leads.get(leadId)
    const now = personOf(id)
    if (isInScope(id))
      return lead && now !== undefined && now !== leadId
        ? `${objectOf(id)} ${id} is Marketo person ${now}, and was ${leadId}, who is still there`
        : undefined
    const survivor = survivorOf(org, id)
    if (survivor !== id && isInScope(survivor)) {
      if (scope.isUnreadable(survivor) || personOf(survivor) === undefined) return undefined
      return lead
        ? `${objectOf(id)} ${id} became ${survivor}, but Marketo still holds its person ${leadId} beside ${personOf(survivor)}`
        : undefined
    }
    if (past.beforeCensus && !org.get(objectOf(id), id)) return undefined
    const goes = past.deletePolicy === 'delete' && !past.made.has(leadId)
    if (goes && mayStay.has(leadId)) return undefined
    if (goes) return lead && `${objectOf(id)} ${id} was removed, but Marketo still holds its person ${leadId}`
    if (!lead)
      return past.unmade.has(leadId) || mergedAway.has(leadId) || survivor !== id
        ? undefined
        : `${objectOf(id)} ${id} was removed; its Marketo person ${leadId} was to stay, and is gone`
    return lead.fields.externalSalesPersonId && !past.made.has(leadId)
      ? `${objectOf(id)} ${id} was removed, but its Marketo person ${leadId} still has a sales person`
      : undefined
  }

  return [...past.former].flatMap(([id, leadId]) => judge(id, leadId) ?? [])
}

/** Under `delete` nobody of ours stays behind without a key; under `keep` whoever does has no sales person. */
export function compareKeyless(instance: MarketoInstance, past: Past): string[] {
  const found: string[] = []
  const mayStay = absorbed(instance, past.made)
  for (const lead of instance.leads.values()) {
    if (lead.fields.externalPersonId || past.made.has(lead.id) || mayStay.has(lead.id)) continue
    if (past.deletePolicy === 'delete')
      found.push(`Marketo person ${lead.id} has no externalPersonId, and nobody but us can have made it`)
    else if (lead.fields.externalSalesPersonId)
      found.push(`Marketo person ${lead.id} has no externalPersonId, but still a sales person`)
  }
  return found
}

/** marketo-rest §6: activity 32 names the losers, and the fields that they filled. */
const MERGE_LEADS = 32

function mergedInMarketo(instance: MarketoInstance): Set<number> {
  return new Set(
    instance
      .activities(MERGE_LEADS)
      .flatMap(({ attributes }) => String(attributes?.['Merge IDs'] ?? '').split(','))
      .map(Number),
  )
}

/** Winners of merges that hold what marketers had made. The service keeps those that it merged itself, and knows of no others. */
function absorbed(instance: MarketoInstance, made: ReadonlySet<number>): Set<number> {
  const winners = new Set<number>()
  for (const { leadId, attributes } of instance.activities(MERGE_LEADS)) {
    const losers = String(attributes?.['Merge IDs'] ?? '').split(',')
    if (losers.some((id) => made.has(Number(id)) || winners.has(Number(id)))) winners.add(leadId)
  }
  return winners
}

/** Marketo id of the winner → fields that a merge filled: where Salesforce is blank they stay, as with an adopted person. */
export function filledByMerges(instance: MarketoInstance): Map<number, Set<string>> {
  const filled = new Map<number, Set<string>>()
  for (const { leadId, attributes } of instance.activities(MERGE_LEADS)) {
    const fields = String(attributes?.['Merge Fields'] ?? '').split(',')
    filled.set(leadId, new Set([...(filled.get(leadId) ?? []), ...fields]))
  }
  return filled
}
