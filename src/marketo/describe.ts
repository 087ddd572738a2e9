// What this instance of Marketo has: fields of the five objects, how persons can be found, and the real names of the Sales Insight
// fields, which differ between documents and instances (facts: relativeScore or relativeScoring). Five calls.
import { z } from 'zod'
import { BridgeError } from '../errors.ts'
import { PATHS } from './calls.ts'
import type { MarketoClient } from './client.ts'
import type { MarketoObject } from './outcome.ts'
import type { Priority } from './pacing.ts'
import { verdictOfCall } from './verdict.ts'

export interface MarketoField {
  name: string
  dataType: string
  length: number | undefined
  updateable: boolean
}

export interface ObjectSchema {
  /** By lower-case name: Marketo's names are matched without regard to case. */
  fields: Map<string, MarketoField>
  /** Each a field, or several that are searched together. */
  searchable: string[][]
}

/** The values that go back to Salesforce, by our names. */
export type InsightField =
  | 'lastInterestingMomentType'
  | 'lastInterestingMomentDate'
  | 'lastInterestingMomentDesc'
  | 'lastInterestingMomentSource'
  | 'priority'
  | 'urgency'
  | 'relativeScore'

export interface Missing {
  object: MarketoObject
  field: string
  reason: string
  advice: string
}

export interface MarketoSchema {
  objects: Record<MarketoObject, ObjectSchema>
  canSearchExternalPersonId: boolean
  /** Marketo's name of each; absent where the instance has none. */
  insights: Partial<Record<InsightField, string>>
  missing: Missing[]
}

/** The first that exists. relativeUrgency has the tiers 0–3 of the flames; urgency is the older name. */
const INSIGHT_NAMES: Record<InsightField, readonly string[]> = {
  lastInterestingMomentType: ['msiLastInterestingMomentType'],
  lastInterestingMomentDate: ['msiLastInterestingMomentDate'],
  lastInterestingMomentDesc: ['msiLastInterestingMomentDesc'],
  lastInterestingMomentSource: ['msiLastInterestingMomentSource'],
  priority: ['priority'],
  urgency: ['relativeUrgency', 'urgency'],
  relativeScore: ['relativeScore', 'relativeScoring'],
}

/** Without these no record finds its like: the key of each object, and what ties it to its parents. */
const REQUIRED: Record<MarketoObject, readonly string[]> = {
  SalesPerson: ['externalSalesPersonId', 'email'],
  Company: ['externalCompanyId', 'externalSalesPersonId'],
  Lead: ['externalPersonId', 'externalCompanyId', 'externalSalesPersonId'],
  Opportunity: ['externalOpportunityId', 'externalCompanyId', 'externalSalesPersonId'],
  OpportunityRole: ['externalOpportunityId', 'leadId', 'role'],
}

const ASK_FOR_FEATURE =
  'Ask Adobe Support to enable "MSI Non-Native" for this Marketo instance; it adds the field. Then restart the bridge.'

const name = z.string().min(1)
const description = z.object({
  fields: z
    .array(
      z.object({
        name,
        dataType: z.string().catch('string'),
        length: z.coerce.number().int().positive().optional().catch(undefined),
        // A description without the flag (the older lead description) says nothing against writing.
        updateable: z.boolean().catch(true),
      }),
    )
    // All five have fields, on every instance.
    .min(1),
  searchableFields: z.array(z.array(name).or(name.transform((one) => [one]))).catch([]),
})

/** Throws a BridgeError with Marketo's reason when one of the five can't be read. */
export async function describeMarketo(
  client: MarketoClient,
  turn: { priority?: Priority; signal?: AbortSignal } = {},
): Promise<MarketoSchema> {
  const kinds = Object.keys(PATHS) as MarketoObject[]
  const schemas = await Promise.all(
    kinds.map(async (kind) => [kind, await describeObject(client, kind, turn)] as const),
  )
  const objects = Object.fromEntries(schemas) as Record<MarketoObject, ObjectSchema>
  const leads = objects.Lead
  const insights = Object.fromEntries(
    Object.entries(INSIGHT_NAMES).flatMap(([ours, names]) => {
      const found = names.map((one) => leads.fields.get(one.toLowerCase())).find(Boolean)
      return found ? [[ours, found.name]] : []
    }),
  )
  return {
    objects,
    insights,
    canSearchExternalPersonId: leads.searchable.some(
      (fields) => fields.length === 1 && fields[0]?.toLowerCase() === 'externalpersonid',
    ),
    missing: [...missingKeys(objects), ...missingInsights(insights)],
  }
}

async function describeObject(
  client: MarketoClient,
  kind: MarketoObject,
  turn: { priority?: Priority; signal?: AbortSignal },
): Promise<ObjectSchema> {
  // describe2 is the one that tells what leads can be searched by.
  const endpoint = `${PATHS[kind]}/${kind === 'Lead' ? 'describe2' : 'describe'}.json`
  const outcome = await client.request({
    endpoint,
    method: 'GET',
    priority: turn.priority ?? 'live',
    signal: turn.signal,
    kind: 'read',
    timeoutMs: 35_000,
  })
  const verdict = verdictOfCall(outcome, { write: false, attempt: 1 })
  if (verdict.kind !== 'accepted')
    throw new BridgeError(verdict.code, `${endpoint}: ${verdict.reason}`, verdict.advice)
  const read = description.safeParse(outcome.ok ? outcome.result[0] : undefined)
  if (!read.success)
    throw new BridgeError(
      'not-marketo',
      `${endpoint}: Marketo's description of ${kind} has another form than documented.`,
      'Check MARKETO_BASE_URL and proxies in between; if they are right, report it with the log.',
    )
  return {
    fields: new Map(
      read.data.fields.map((field) => [field.name.toLowerCase(), { ...field, length: field.length }]),
    ),
    searchable: read.data.searchableFields,
  }
}

function missingKeys(objects: Record<MarketoObject, ObjectSchema>): Missing[] {
  return (Object.entries(REQUIRED) as [MarketoObject, readonly string[]][]).flatMap(([object, fields]) =>
    fields
      .filter((field) => !objects[object].fields.has(field.toLowerCase()))
      .map((field) => ({
        object,
        field,
        reason: `Marketo's ${object} has no field ${field}, by which its records are found or tied together.`,
        advice: ASK_FOR_FEATURE,
      })),
  )
}

function missingInsights(insights: Partial<Record<InsightField, string>>): Missing[] {
  return (Object.keys(INSIGHT_NAMES) as InsightField[])
    .filter((ours) => insights[ours] === undefined)
    .map((ours) => ({
      object: 'Lead',
      field: INSIGHT_NAMES[ours].join(' or '),
      reason: `Marketo's persons have no field ${INSIGHT_NAMES[ours].join(' or ')}, so nothing of it goes back to Salesforce.`,
      advice: ASK_FOR_FEATURE,
    }))
}
