// The set-up checklist, run: asks both systems and the database at the same time, each within its time.
import type { Config } from '../../config.ts'
import { readLease } from '../../database/lease.ts'
import { readState } from '../../database/state.ts'
import type { Db } from '../../database/tables.ts'
import type { InsightSource } from '../../insights/read-now.ts'
import type { Salesforce } from '../../salesforce/connect.ts'
import { OBJECTS } from '../../salesforce/ids.ts'
import { told } from '../gather.ts'
import { MAPPING_KEY, type PublishedMapping } from '../mapping-shape.ts'
import type { Status } from '../status.ts'
import { readWebhookCalls } from '../webhook-calls.ts'
import { bridgeRows } from './bridge-rows.ts'
import { marketoFacts } from './marketo-facts.ts'
import { marketoRows } from './marketo-rows.ts'
import type { Row } from './row.ts'
import { salesforceFacts } from './salesforce-facts.ts'
import { salesforceRows, type Mapped } from './salesforce-rows.ts'

export interface PreflightDeps {
  config: Config
  db: Db
  org: (() => Promise<Salesforce>) | undefined
  marketo: Pick<InsightSource, 'client'> | undefined
  status: () => Promise<Status>
  now: () => number
  deadlineMs?: number
}

export interface Preflight {
  /** No row failed. */
  ok: boolean
  at: string
  rows: Row[]
}

/** A router in front cuts at 30 s. */
const DEADLINE_MS = 20_000

export async function runPreflight(deps: PreflightDeps): Promise<Preflight> {
  const { config, db, org, marketo, status, now, deadlineMs = DEADLINE_MS } = deps
  const ours = AbortSignal.timeout(deadlineMs)
  const missing = (system: 'salesforce' | 'marketo'): string[] =>
    config.missing.find((one) => one.system === system)?.variables ?? []
  const [salesforce, instance, known, calledAt, held, published] = await Promise.all([
    salesforceFacts(org, missing('salesforce'), deadlineMs),
    marketoFacts(marketo, missing('marketo'), deadlineMs),
    told('The database', status, ours),
    told('The database', async () => (await readWebhookCalls(db))?.at, ours),
    told('The database', async () => (await readLease(db)).held, ours),
    told('The database', () => readState<PublishedMapping>(db, MAPPING_KEY), ours),
  ])
  const mapping = published.known ? published.value : undefined
  const rows = [
    ...salesforceRows(salesforce, known.known && known.value.stream.state === 'live', mappedOf(mapping)),
    ...marketoRows(instance, config.limits),
    ...bridgeRows({
      status: known,
      webhookCalledAt: calledAt,
      leads: held,
      mapping,
      embedded: config.env.DATABASE_URL === undefined,
      now: now(),
    }),
  ]
  return { ok: rows.every(({ state }) => state !== 'failed'), at: new Date(now()).toISOString(), rows }
}

/** Of the admin's rows, good and bad ones. */
function mappedOf(mapping: PublishedMapping | undefined): Mapped {
  const own = OBJECTS.map((object) => [
    object,
    [
      ...(mapping?.objects[object].fields ?? [])
        .filter(({ source }) => source === 'custom')
        .map(({ from }) => from),
      ...(mapping?.bad ?? []).filter((row) => row.object === object).map((row) => row.salesforceField),
    ],
  ])
  return Object.fromEntries(own) as Mapped
}
