// Whether the API user may write each kind of record, found out without writing: an update of a record that can't exist is refused for
// that record alone, and a missing permission (603) or a native sync (1018) for the call.
import { z } from 'zod'
import { PATHS, type Fields } from './calls.ts'
import type { MarketoClient } from './client.ts'
import type { MarketoObject } from './outcome.ts'
import { alignResults } from './results.ts'
import { verdictOfCall, verdictOfRecord } from './verdict.ts'

const NOBODY = 'sales-insight-bridge-check'
/** The largest id that fits; ids are given upwards from 1. */
const NO_PERSON = 2_147_483_647
const TIMEOUT_MS = 15_000

const BODIES: Record<MarketoObject, { lookupField?: string; dedupeBy?: string; input: Fields[] }> = {
  SalesPerson: { dedupeBy: 'dedupeFields', input: [{ externalSalesPersonId: NOBODY }] },
  Company: { dedupeBy: 'dedupeFields', input: [{ externalCompanyId: NOBODY }] },
  Lead: { lookupField: 'id', input: [{ id: NO_PERSON }] },
  Opportunity: { dedupeBy: 'dedupeFields', input: [{ externalOpportunityId: NOBODY }] },
  OpportunityRole: {
    dedupeBy: 'dedupeFields',
    input: [{ externalOpportunityId: NOBODY, leadId: NO_PERSON, role: NOBODY }],
  },
}

export type Permission =
  { allowed: true } | { allowed: false; reason: string; advice: string; native: boolean }

export async function mayWrite(
  client: MarketoClient,
  kind: MarketoObject,
  signal: AbortSignal,
): Promise<Permission> {
  const body = { action: 'updateOnly', ...BODIES[kind] }
  const outcome = await client.request({
    endpoint: `${PATHS[kind]}.json`,
    method: 'POST',
    body,
    priority: 'ids',
    signal,
    kind: 'write',
    timeoutMs: TIMEOUT_MS,
  })
  const of = (verdict: ReturnType<typeof verdictOfCall>): Permission =>
    verdict.kind === 'accepted'
      ? { allowed: true }
      : {
          allowed: false,
          reason: verdict.reason,
          advice: verdict.advice,
          native: verdict.code === NATIVE_SYNC,
        }
  if (!outcome.ok) return of(verdictOfCall(outcome, { write: true, attempt: 1 }))
  const results = alignResults(outcome.result, body.input, kind === 'Lead' ? 'Lead' : 'other')
  const result = results?.[0]
  const verdict = result && verdictOfRecord(result, { write: true, attempt: 1, object: kind })
  return verdict?.kind === 'stop' ? of(verdict) : { allowed: true }
}

/** "CRM Enabled" (help/rest-api/error-codes.md). */
const NATIVE_SYNC = '1018'

const partition = z.object({ name: z.string() })

/** Names of the lead partitions that the API user sees. */
export async function partitions(
  client: MarketoClient,
  signal: AbortSignal,
): Promise<string[] | { reason: string; advice: string }> {
  const outcome = await client.request({
    endpoint: 'leads/partitions.json',
    method: 'GET',
    priority: 'ids',
    signal,
    kind: 'read',
    timeoutMs: TIMEOUT_MS,
  })
  if (outcome.ok) return outcome.result.flatMap((one) => partition.safeParse(one).data?.name ?? [])
  const verdict = verdictOfCall(outcome, { write: false, attempt: 1 })
  return verdict.kind === 'accepted' ? [] : { reason: verdict.reason, advice: verdict.advice }
}
