// The two simulators, and the organisation that is in Salesforce when the demo begins.
import { startMarketo, type MarketoSimulator } from '../simulators/marketo/index.ts'
import { generateOrg } from '../simulators/salesforce/generate-org.ts'
import { startSalesforce, type SalesforceSimulator } from '../simulators/salesforce/index.ts'
import { loadExport, type Notice } from '../simulators/salesforce/load-csv.ts'
import type { Org } from '../simulators/salesforce/org.ts'
import type { DemoOptions } from './options.ts'
import { blankDanglingReferences } from './whole-references.ts'

export interface Worlds {
  salesforce: SalesforceSimulator
  marketo: MarketoSimulator
  /** Records per object that were loaded. */
  loaded: Record<string, number>
  /** All of them. */
  records: number
  close: () => Promise<void>
}

/** A call takes a moment, as over the internet. */
const MARKETO_LATENCY_MS = 50

export async function startWorlds(
  options: Pick<DemoOptions, 'data' | 'seed'>,
  say: (line: string) => void,
): Promise<Worlds> {
  const salesforce = await startSalesforce()
  const marketo = await startMarketo({ latencyMs: MARKETO_LATENCY_MS, seed: options.seed })
  const close = async (): Promise<void> => {
    await Promise.all([salesforce.close(), marketo.close()])
  }
  try {
    const loaded =
      options.data === undefined
        ? generateOrg(salesforce.org, { seed: options.seed })
        : await load(salesforce.org, options.data, say)
    const records = Object.values(loaded).reduce((sum, count) => sum + count, 0)
    return { salesforce, marketo, loaded, records, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function load(org: Org, folder: string, say: (line: string) => void): Promise<Record<string, number>> {
  const { counts } = await loadExport(org, folder, { onNotice: (notice) => say(told(notice)) })
  blankDanglingReferences(org, say)
  return counts
}

function told({ kind, file, line, reason }: Notice): string {
  if (kind === 'missing-file') return `  note: ${reason}`
  return kind === 'unknown-columns'
    ? `  note: ${file}: ${reason}`
    : `  left out: ${file}, line ${line}: ${reason}`
}
