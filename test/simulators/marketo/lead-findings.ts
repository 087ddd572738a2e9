// What must never be in a Sync Leads call (design §9), and the keys that such a call writes.
import { isObject, textOf } from './call.ts'
import type { World } from './call.ts'
import type { ObjectName } from './object-schemas.ts'
import type { Lead } from './store.ts'

export function leadClaims(
  records: readonly unknown[],
  found: readonly (readonly Lead[])[],
  action: string,
  lookupField: string,
): string[] {
  const claims: string[] = []
  records.forEach((record, nth) => {
    if (!isObject(record)) return
    const mine = new Set<string>()
    const key = record[lookupField]
    if (action !== 'createDuplicate' && key) mine.add(`lead ${lookupField} ${textOf(key)}`)
    if (record.externalPersonId) mine.add(`lead externalPersonId ${textOf(record.externalPersonId)}`)
    for (const lead of found[nth]!.slice(0, 1)) mine.add(`lead id ${lead.id}`)
    claims.push(...mine)
  })
  return claims
}

export function leadFindings(
  records: readonly unknown[],
  found: readonly (readonly Lead[])[],
  action: string,
  world: World,
): string[] {
  const findings: string[] = []
  const { store } = world
  records.forEach((record, nth) => {
    if (!isObject(record)) return
    const who = `lead ${textOf(record.externalPersonId ?? record.id ?? record.email ?? found[nth]![0]?.id)}`
    // Opting in again is a person's own act (design §5.4).
    if (record.unsubscribed === false || record.unsubscribed === 'false')
      findings.push(`${who} is sent with unsubscribed: false`)
    if (record.doNotCall === false || record.doNotCall === 'false')
      findings.push(`${who} is sent with doNotCall: false`)
    if ('id' in record && action !== 'updateOnly') findings.push(`${who} is sent with an id and ${action}`)
    for (const name of Object.keys(record))
      if (store.leadSchema.fields.get(name)?.company)
        findings.push(`${who} is sent with company field ${name}`)
    findings.push(...parentFindings(who, record, world))
  })
  return findings
}

/** A child that names a parent which does not exist (and that Marketo did not lose by itself). */
export function parentFindings(who: string, record: Record<string, unknown>, world: World): string[] {
  const owner = missingParent('salesPersons', 'externalSalesPersonId', record, world)
  const company = missingParent('companies', 'externalCompanyId', record, world)
  return [
    ...(owner ? [`${who} names the sales person ${owner}, who does not exist`] : []),
    ...(company ? [`${who} names the company ${company}, which does not exist`] : []),
  ]
}

export function missingParent(
  object: ObjectName,
  key: string,
  record: Record<string, unknown>,
  { store, isExcused }: World,
): string | undefined {
  const parent = record[key]
  if (typeof parent !== 'string' || parent === '') return undefined
  return store.tableOf(object).has(key, parent) || isExcused(object, parent) ? undefined : parent
}
