// Asks the org what the set-up depends on. Every answer stands alone.
import type { Describe, Limits, Salesforce } from '../../salesforce/connect.ts'
import { OBJECTS, type ObjectName } from '../../salesforce/ids.ts'
import { told } from '../gather.ts'
import { notSetUp } from './not-set-up.ts'
import type { Told } from '../record-facts.ts'

export const EVENT = 'Record_Change__e'
export const SETTINGS = ['Marketo_Field_Mapping__mdt', 'Marketo_Object_Setting__mdt'] as const

export interface ReadableObject {
  fields: Set<string>
  writable: Set<string>
}

export interface SalesforceFacts {
  login: Told<{ orgId: string; instanceUrl: string }>
  limits: Told<Limits>
  organization: Told<{ name: string; sandbox: boolean }>
  event: Told<Describe>
  objects: Record<ObjectName, Told<ReadableObject>>
  settings: Told<string[]>
}

export async function salesforceFacts(
  org: (() => Promise<Salesforce>) | undefined,
  missing: string[],
  deadlineMs: number,
): Promise<SalesforceFacts> {
  const signal = AbortSignal.timeout(deadlineMs)
  const connecting = told('Salesforce', () => connect(org, missing), signal)

  async function ask<T>(what: (salesforce: Salesforce) => Promise<T>): Promise<Told<T>> {
    const connected = await connecting
    return connected.known ? told('Salesforce', () => what(connected.value), signal) : connected
  }

  const [login, limits, organization, event, settings, ...objects] = await Promise.all([
    ask(async ({ orgId, instanceUrl }) => ({ orgId, instanceUrl })),
    ask((salesforce) => salesforce.limits(signal)),
    ask(async (salesforce) => {
      const soql = 'SELECT Name, IsSandbox FROM Organization'
      const [row] = (await salesforce.query<{ Name?: unknown; IsSandbox?: unknown }>(soql, { signal }))
        .records
      return { name: typeof row?.Name === 'string' ? row.Name : '', sandbox: row?.IsSandbox === true }
    }),
    ask((salesforce) => salesforce.describe(EVENT, { fresh: true, signal })),
    ask(async (salesforce) => {
      for (const type of SETTINGS) await salesforce.query(`SELECT Id FROM ${type} LIMIT 1`, { signal })
      return [...SETTINGS]
    }),
    ...OBJECTS.map((object) => ask((salesforce) => readable(salesforce, object, signal))),
  ])
  return {
    login,
    limits,
    organization,
    event,
    settings,
    objects: Object.fromEntries(
      OBJECTS.map((object, n) => [object, objects[n]]),
    ) as SalesforceFacts['objects'],
  }
}

async function connect(org: (() => Promise<Salesforce>) | undefined, missing: string[]): Promise<Salesforce> {
  if (org === undefined) throw notSetUp(missing)
  return org()
}

async function readable(
  salesforce: Salesforce,
  object: ObjectName,
  signal: AbortSignal,
): Promise<ReadableObject> {
  const [{ fields }] = await Promise.all([
    salesforce.describe(object, { fresh: true, signal }),
    salesforce.query(`SELECT Id FROM ${object} LIMIT 1`, { signal }),
  ])
  return {
    fields: new Set(fields.map(({ name }) => name)),
    writable: new Set(fields.filter(({ updateable }) => updateable).map(({ name }) => name)),
  }
}
