// Asks the Marketo instance what the set-up depends on. Thirteen calls, none of which changes anything.
import type { InsightSource } from '../../insights/read-now.ts'
import { ACTIVITY_TYPES, activityTypes, pagingToken } from '../../marketo/activities.ts'
import { describeMarketo, type MarketoSchema } from '../../marketo/describe.ts'
import type { Failed, MarketoObject } from '../../marketo/outcome.ts'
import { mayWrite, partitions, type Permission } from '../../marketo/permission.ts'
import { usage, type Usage } from '../../marketo/usage.ts'
import { verdictOfCall } from '../../marketo/verdict.ts'
import { BridgeError } from '../../errors.ts'
import { told } from '../gather.ts'
import { notSetUp } from './not-set-up.ts'
import type { Told } from '../record-facts.ts'

export const KINDS: MarketoObject[] = ['SalesPerson', 'Company', 'Lead', 'Opportunity', 'OpportunityRole']

const FOLLOWED = ['interestingMoment', 'changeScore'] as const

export interface MarketoFacts {
  usage: Told<Usage>
  schema: Told<MarketoSchema>
  writes: Record<MarketoObject, Told<Permission>>
  partitions: Told<string[]>
  /** Names of the activity types that the way back follows and the instance lacks. */
  missingActivities: Told<string[]>
}

export async function marketoFacts(
  marketo: Pick<InsightSource, 'client'> | undefined,
  missing: string[],
  deadlineMs: number,
): Promise<MarketoFacts> {
  const signal = AbortSignal.timeout(deadlineMs)
  const ask = <T>(what: (client: InsightSource['client']) => Promise<T>): Promise<Told<T>> =>
    told(
      'Marketo',
      async () => {
        if (marketo === undefined) throw notSetUp(missing)
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
      missingActivities: used,
    }
  const [schema, parts, missingActivities, ...writes] = await Promise.all([
    ask((client) => describeMarketo(client, { priority: 'ids', signal })),
    ask(async (client) => {
      const names = await partitions(client, signal)
      if (Array.isArray(names)) return names
      throw new BridgeError('partitions', names.reason, names.advice)
    }),
    ask((client) => activitiesMissing(client, signal)),
    ...KINDS.map((kind) => ask((client) => mayWrite(client, kind, signal))),
  ])
  return {
    usage: used,
    schema,
    partitions: parts,
    missingActivities,
    writes: Object.fromEntries(KINDS.map((kind, n) => [kind, writes[n]])) as MarketoFacts['writes'],
  }
}

/** A paging token as well: it needs the right to the activities themselves, the types only that to their descriptions. */
async function activitiesMissing(client: InsightSource['client'], signal: AbortSignal): Promise<string[]> {
  const turn = { priority: 'ids', signal } as const
  const [found, token] = await Promise.all([
    activityTypes(client, turn),
    pagingToken(client, { ...turn, since: new Date() }),
  ])
  if (!found.ok) throw faultOf(found)
  if (!token.ok) throw faultOf(token)
  return FOLLOWED.filter((type) => found.types[type] === undefined).map((type) => ACTIVITY_TYPES[type])
}

function faultOf(failed: Failed): BridgeError {
  const verdict = verdictOfCall(failed, { write: false, attempt: 1 })
  return verdict.kind === 'accepted'
    ? new BridgeError(failed.code, failed.message, 'Try again in a minute.')
    : new BridgeError(verdict.code, verdict.reason, verdict.advice)
}
