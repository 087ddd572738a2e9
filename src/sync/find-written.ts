// What Marketo holds of records whose write has no known outcome.
import type { OpenIntent } from '../database/intents.ts'
import { findLeads, findObjects, findRoles, type Fields, type RoleKey } from '../marketo/calls.ts'
import type { MarketoClient } from '../marketo/client.ts'
import { FIELD_UNKNOWN } from '../marketo/known-codes.ts'
import type { Failed } from '../marketo/outcome.ts'
import type { ObjectName } from '../salesforce/ids.ts'
import { DEFINITIONS } from './objects/index.ts'
import { roleIdentity, roleKeyText } from './role-key.ts'
import type { IntentPayload } from './write.ts'

export interface Written {
  ok: true
  /** By Salesforce id. */
  held: Map<string, Fields>
  /** Records whose key several persons have: the next push finds them all, and reports or joins them. */
  several: ReadonlySet<string>
  /** Whether the values that were sent have been read too; otherwise nothing proves that they arrived. */
  withValues: boolean
}

type Look = (fields: string[]) => Promise<Omit<Written, 'withValues'> | Failed>

/** A sent field that Marketo no longer has fails every look-up that names it: then only the keys are read. */
export async function findWritten(
  client: MarketoClient,
  object: ObjectName,
  intents: OpenIntent[],
  signal: AbortSignal,
): Promise<Written | Failed> {
  const look = lookerOf(client, object, intents, signal)
  const whole = await look(intents.flatMap((intent) => Object.keys(payloadOf(intent).input)))
  if (whole.ok) return { ...whole, withValues: true }
  if (whole.code !== FIELD_UNKNOWN) return whole
  const keys = await look([])
  return keys.ok ? { ...keys, withValues: false } : keys
}

function lookerOf(
  client: MarketoClient,
  object: ObjectName,
  intents: OpenIntent[],
  signal: AbortSignal,
): Look {
  const { marketo, key } = DEFINITIONS[object]
  const turn = { priority: 'live' as const, signal }
  const asked = (sent: string[], ...keys: string[]): string[] => [...new Set([...sent, ...keys])]
  if (marketo === 'Lead') {
    const known = new Map(
      intents.flatMap(({ marketoId, id }) => (marketoId === null ? [] : [[marketoId, id] as const])),
    )
    const unknown = intents.filter((intent) => intent.marketoId === null).map(({ id }) => id)
    return async (sent) => {
      const fields = asked(sent, 'id', 'externalPersonId')
      const byId = await findLeads(client, { filterType: 'id', values: [...known.keys()], fields, ...turn })
      if (!byId.ok) return byId
      const byKey = await findLeads(client, {
        filterType: 'externalPersonId',
        values: unknown,
        fields,
        ...turn,
      })
      if (!byKey.ok) return byKey
      const holders = [...Map.groupBy(byKey.records, (lead) => String(lead.externalPersonId))]
      return {
        ok: true,
        held: new Map([
          ...byId.records.map((lead): [string, Fields] => [known.get(String(lead.id)) ?? '', lead]),
          ...holders.flatMap(([key, leads]): [string, Fields][] =>
            leads.length === 1 ? [[key, leads[0]!]] : [],
          ),
        ]),
        several: new Set(holders.flatMap(([key, leads]) => (leads.length > 1 ? [key] : []))),
      }
    }
  }
  if (marketo === 'OpportunityRole') {
    const ids = new Map(intents.map((intent) => [roleIdentity(payloadOf(intent).roleKey ?? ''), intent.id]))
    return async (sent) => {
      const found = await findRoles(client, {
        keys: intents.map((intent) => payloadOf(intent).role!),
        fields: asked(sent, 'externalOpportunityId', 'leadId', 'role', 'marketoGUID'),
        ...turn,
      })
      if (!found.ok) return found
      const held = found.records.map((role): [string, Fields] => [
        ids.get(roleIdentity(roleKeyText(role as unknown as RoleKey))) ?? '',
        role,
      ])
      return { ok: true, held: new Map(held), several: NOBODY }
    }
  }
  return async (sent) => {
    const found = await findObjects(client, marketo, {
      filterType: key,
      values: intents.map((intent) => intent.id),
      fields: asked(sent, key, marketo === 'Opportunity' ? 'marketoGUID' : 'id'),
      ...turn,
    })
    if (!found.ok) return found
    return {
      ok: true,
      held: new Map(found.records.map((record): [string, Fields] => [String(record[key]), record])),
      several: NOBODY,
    }
  }
}

const NOBODY: ReadonlySet<string> = new Set()

export const payloadOf = (intent: Pick<OpenIntent, 'payload'>): IntentPayload =>
  intent.payload as IntentPayload
export const idIn = (record: Fields): string => String(record.id ?? record.marketoGUID)
