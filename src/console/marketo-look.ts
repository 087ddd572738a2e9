// Looks up what Marketo holds of a Salesforce record now, by its key, with the mapped fields and the Sales Insight values.
import type { LedgerEntry } from '../database/ledger.ts'
import { BridgeError } from '../errors.ts'
import type { InsightSource } from '../insights/read-now.ts'
import { findLeads, findObjects, findRoles } from '../marketo/calls.ts'
import type { MarketoSchema } from '../marketo/describe.ts'
import type { MarketoObject } from '../marketo/outcome.ts'
import { verdictOfCall } from '../marketo/verdict.ts'
import type { Found } from '../marketo/pages.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import type { PublishedMapping } from './mapping-shape.ts'
import type { ParentKind, Values } from './record-facts.ts'

export interface LookedUp {
  object: ObjectName
  id: string
  entry: LedgerEntry | null
  /** As Salesforce shows it. */
  row: Values | undefined
  references: Partial<Record<ParentKind, string>>
}

export interface MarketoLook {
  insights: MarketoSchema['insights']
  /** Sales Insight fields that the instance lacks. */
  missingInsights: string[]
  /** Everything that has the record's key. */
  records: (record: LookedUp, signal: AbortSignal) => Promise<Values[]>
}

const OBJECTS: Record<ObjectName, { kind: MarketoObject; fields: string[] }> = {
  User: { kind: 'SalesPerson', fields: ['id', 'externalSalesPersonId', 'email'] },
  Account: { kind: 'Company', fields: ['id', 'externalCompanyId', 'externalSalesPersonId', 'company'] },
  Lead: {
    kind: 'Lead',
    fields: ['id', 'externalPersonId', 'externalSalesPersonId', 'externalCompanyId', 'email', 'updatedAt'],
  },
  Contact: {
    kind: 'Lead',
    fields: ['id', 'externalPersonId', 'externalSalesPersonId', 'externalCompanyId', 'email', 'updatedAt'],
  },
  Opportunity: {
    kind: 'Opportunity',
    fields: ['marketoGUID', 'externalOpportunityId', 'externalCompanyId', 'externalSalesPersonId', 'name'],
  },
  OpportunityContactRole: {
    kind: 'OpportunityRole',
    fields: ['marketoGUID', 'externalOpportunityId', 'leadId', 'role', 'isPrimary'],
  },
}

export async function openMarketo(
  source: InsightSource | undefined,
  mapping: PublishedMapping | undefined,
): Promise<MarketoLook> {
  if (source === undefined)
    throw new BridgeError(
      'not-configured',
      'Marketo is not set up.',
      'Set the MARKETO_… variables (on Heroku: Settings > Config Vars).',
    )
  const { client } = source
  const schema = await source.schema()
  const turnOf = (signal: AbortSignal) => ({ priority: 'ids', signal }) as const

  /** An unknown name fails the whole call (1006). */
  function fieldsOf(object: ObjectName): string[] {
    const { kind, fields } = OBJECTS[object]
    const known = schema.objects[kind].fields
    const mapped = mapping?.objects[object].fields.map(({ to }) => to.name) ?? []
    const values = kind === 'Lead' ? Object.values(schema.insights) : []
    const always = new Set(['id', 'marketoGUID', 'updatedAt'])
    return [...new Set([...fields, ...mapped, ...values])].filter(
      (name) => always.has(name) || known.has(name.toLowerCase()),
    )
  }

  async function person({ object, id, entry, row }: LookedUp, signal: AbortSignal): Promise<Values[]> {
    const fields = fieldsOf(object)
    const find = (filterType: string, values: string[]) =>
      findLeads(client, { ...turnOf(signal), filterType, values, fields }).then(recordsOf)
    const marketoId = entry?.state === 'outside' ? null : (entry?.marketoId ?? null)
    const byId = marketoId === null ? [] : await find('id', [marketoId])
    const byKey = schema.canSearchExternalPersonId ? await find('externalPersonId', [id]) : []
    const found = [...byId, ...byKey.filter((one) => !byId.some((other) => other.id === one.id))]
    if (found.length > 0 || typeof row?.Email !== 'string' || row.Email === '') return found
    // A person that was never tied to the record is told apart from none at all.
    return (await find('email', [row.Email])).slice(0, 1)
  }

  async function role({ row, references, entry }: LookedUp, signal: AbortSignal): Promise<Values[]> {
    const [opportunity = '', leadId = '', sent = ''] = entry?.roleKey?.split('|') ?? []
    const name = typeof row?.Role === 'string' && row.Role.trim() !== '' ? row.Role : sent || 'Other'
    const externalOpportunityId = references.opportunity ?? opportunity
    if (leadId === '' || externalOpportunityId === '') return []
    return recordsOf(
      await findRoles(client, {
        ...turnOf(signal),
        keys: [{ externalOpportunityId, leadId: Number(leadId), role: name }],
        fields: fieldsOf('OpportunityContactRole'),
      }),
    )
  }

  return {
    insights: schema.insights,
    missingInsights: schema.missing
      .filter(({ object, field }) => object === 'Lead' && !field.startsWith('external'))
      .map(({ field }) => field),
    records: async (record, signal) => {
      const { object, id } = record
      const { kind } = OBJECTS[object]
      if (kind === 'Lead') return person(record, signal)
      if (kind === 'OpportunityRole') return role(record, signal)
      const filterType = `external${kind}Id`
      return recordsOf(
        await findObjects(client, kind, {
          ...turnOf(signal),
          filterType,
          values: [id],
          fields: fieldsOf(object),
        }),
      )
    },
  }
}

function recordsOf(found: Found): Values[] {
  if (found.ok) return found.records
  const verdict = verdictOfCall(found, { write: false, attempt: 1 })
  if (verdict.kind === 'accepted') return []
  throw new BridgeError(verdict.code, verdict.reason, verdict.advice)
}
