// Whether the service counts what Marketo took: every record that it says was pushed or removed, and no other. What became of a call without
// an answer is looked up, so it is not counted; persons are removed in too many ways for their sums to be told from the calls.
import type { LoggedCall } from '../simulators/marketo/index.ts'
import type { Living } from './begin.ts'

const ROLE = 'OpportunityContactRole'

const WRITES: Record<string, readonly string[]> = {
  'salespersons.json': ['User'],
  'companies.json': ['Account'],
  'leads.json': ['Lead', 'Contact'],
  'opportunities.json': ['Opportunity'],
  'opportunities/roles.json': [ROLE],
}

const DELETES: Record<string, readonly string[]> = {
  'salespersons/delete.json': ['User'],
  'companies/delete.json': ['Account'],
  'opportunities/delete.json': ['Opportunity'],
  'opportunities/roles/delete.json': [ROLE],
}

/** Records by object and outcome. */
export type Pushes = ReadonlyMap<string, number>

export const pushKey = (object: string, outcome: string): string => `${object} ${outcome}`

export function comparePushes({ marketo }: Living, pushes: Pushes | undefined): string[] {
  if (pushes === undefined) return []
  const { entries } = marketo.calls
  const compare = (endpoints: typeof WRITES, outcome: string): string[] =>
    Object.entries(endpoints).flatMap(([endpoint, objects]) => {
      const answers = entries.flatMap((call) =>
        call.endpoint === endpoint && call.action ? answersOf(call) : [],
      )
      const most = answers.filter((answer) => answer !== 'refused').length
      // Where a role went that is not there is looked up, and until that succeeds the delete is not over.
      const unsure = objects.includes(ROLE) ? answers.filter((answer) => answer === 'not there').length : 0
      const counted = objects.reduce((sum, object) => sum + (pushes.get(pushKey(object, outcome)) ?? 0), 0)
      return counted <= most && counted >= most - unsure
        ? []
        : [
            `${endpoint} took ${most} records of ${objects.join(' and ')}, ${counted} were counted as ${outcome}`,
          ]
    })
  return [...compare(WRITES, 'accepted'), ...compare(DELETES, 'removed')]
}

type Answer = 'taken' | 'not there' | 'refused'

const TAKEN = new Set(['created', 'updated', 'deleted'])

function answersOf({ action, fault, records = [], results = [] }: LoggedCall): Answer[] {
  if (fault !== undefined) return []
  return results.flatMap(({ status, reasons }, n): Answer[] => {
    const record = records[n] as Record<string, unknown>
    if (record.externalPersonId === null) return []
    if (TAKEN.has(status)) return ['taken']
    return [action === 'delete' && reasons?.[0]?.code === '1013' ? 'not there' : 'refused']
  })
}
