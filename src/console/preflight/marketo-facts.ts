// Asks the Marketo instance what the set-up depends on. Eleven calls, none of which changes anything.
import type { InsightSource } from '../../insights/read-now.ts'
import { describeMarketo, type MarketoSchema } from '../../marketo/describe.ts'
import type { MarketoObject } from '../../marketo/outcome.ts'
import { mayWrite, partitions, type Permission } from '../../marketo/permission.ts'
import { usage, type Usage } from '../../marketo/usage.ts'
import { verdictOfCall } from '../../marketo/verdict.ts'
import { BridgeError } from '../../errors.ts'
import { told } from '../gather.ts'
import type { Told } from '../record-facts.ts'

export const KINDS: MarketoObject[] = ['SalesPerson', 'Company', 'Lead', 'Opportunity', 'OpportunityRole']

export interface MarketoFacts {
  usage: Told<Usage>
  schema: Told<MarketoSchema>
  writes: Record<MarketoObject, Told<Permission>>
  partitions: Told<string[]>
}

export async function marketoFacts(
  marketo: Pick<InsightSource, 'client'> | undefined,
  deadlineMs: number,
): Promise<MarketoFacts> {
  const signal = AbortSignal.timeout(deadlineMs)
  const ask = <T>(what: (client: InsightSource['client']) => Promise<T>): Promise<Told<T>> =>
    told(
      'Marketo',
      async () => {
        if (marketo === undefined) throw new Error('the MARKETO_… variables are not all set')
        return what(marketo.client)
      },
      signal,
    )

  const used = await ask(async (client) => {
    const answer = await usage(client, { priority: 'ids', signal })
    if (answer.ok) return answer.usage
    const verdict = verdictOfCall(answer, { write: false, attempt: 1 })
    if (verdict.kind === 'accepted') return { date: undefined, total: 0, users: [] }
    throw new BridgeError(verdict.code, verdict.reason, verdict.advice)
  })
  if (!used.known)
    return {
      usage: used,
      schema: used,
      writes: Object.fromEntries(KINDS.map((kind) => [kind, used])) as MarketoFacts['writes'],
      partitions: used,
    }
  const [schema, parts, ...writes] = await Promise.all([
    ask((client) => describeMarketo(client, { priority: 'ids', signal })),
    ask(async (client) => {
      const names = await partitions(client, signal)
      if (Array.isArray(names)) return names
      throw new BridgeError('partitions', names.reason, names.advice)
    }),
    ...KINDS.map((kind) => ask((client) => mayWrite(client, kind, signal))),
  ])
  return {
    usage: used,
    schema,
    partitions: parts,
    writes: Object.fromEntries(KINDS.map((kind, n) => [kind, writes[n]])) as MarketoFacts['writes'],
  }
}
