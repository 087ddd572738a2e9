// What Marketo took of each object, removed and refused, by its log. What became of a call without an answer is looked up, so it is not
// counted; persons are removed in too many ways for their sums to be told from the calls.
import type { LoggedCall } from '../simulators/marketo/index.ts'
import { answersOf, isRefused, type Answer } from './answers.ts'
import type { Bounds } from './bounds.ts'

type Calls = readonly LoggedCall[]

const ROLE = 'OpportunityContactRole'

const OBJECTS = [
  { endpoint: 'salespersons', object: 'User' },
  { endpoint: 'companies', object: 'Account' },
  { endpoint: 'opportunities', object: 'Opportunity' },
  { endpoint: 'opportunities/roles', object: ROLE },
]

export const pushesIn = (calls: Calls): Bounds[] => [
  ...OBJECTS.flatMap(({ endpoint, object }) => ofObject(calls, endpoint, object)),
  ...ofPersons(calls),
]

function ofObject(calls: Calls, endpoint: string, object: string): Bounds[] {
  const written = writesOf(calls, `${endpoint}.json`).flatMap(answersOf)
  const deleted = callsOf(calls, `${endpoint}/delete.json`).flatMap(answersOf)
  const gone = count(deleted, 'not there')
  const removed = count(deleted, 'taken')
  return [
    taken(written, endpoint, [`${object} accepted`]),
    {
      what: `${endpoint} removed`,
      as: [`${object} removed`],
      // Where a role went that is not there is looked up, and until that succeeds the delete is not over.
      least: object === ROLE ? removed : removed + gone,
      most: removed + gone,
    },
    refused([...written, ...deleted], 0, endpoint, [`${object} refused`]),
  ]
}

function ofPersons(calls: Calls): Bounds[] {
  const written = writesOf(calls, 'leads.json').map((call) =>
    answersOf(call).map((answer, n) => ({ answer, isLetGo: isLetGo(call, n) })),
  )
  const of = (letGo: boolean): Answer[] =>
    written.flat().flatMap(({ answer, isLetGo }) => (isLetGo === letGo ? [answer] : []))
  const merged = callsOf(calls, 'leads/{id}/merge.json').flatMap(answersOf)
  const deleted = callsOf(calls, 'leads/delete.json').flatMap(answersOf)
  const lookUps = callsOf(calls, 'leads.json').filter(({ action }) => action === undefined)
  // Several persons may be let go of, or deleted, for one record; and it is a record's refusal where a look-up for it alone is refused, or
  // several have its key.
  const perhaps =
    count([...of(true), ...deleted], 'refused') +
    count([...of(true), ...deleted], 'perhaps refused') +
    lookUps.filter(isRefused).length +
    lookUps.reduce((sum, call) => sum + keysHeldTwice(call), 0)
  return [
    taken(of(false), 'leads', ['Lead accepted', 'Contact accepted']),
    refused([...of(false), ...merged], perhaps, 'leads', ['Lead refused', 'Contact refused']),
  ]
}

function taken(answers: readonly Answer[], endpoint: string, as: readonly string[]): Bounds {
  const records = count(answers, 'taken')
  return { what: `${endpoint} taken`, as, least: records, most: records }
}

function refused(
  answers: readonly Answer[],
  perhaps: number,
  endpoint: string,
  as: readonly string[],
): Bounds {
  const least = count(answers, 'refused')
  return { what: `${endpoint} refused`, as, least, most: least + count(answers, 'perhaps refused') + perhaps }
}

const callsOf = (calls: Calls, endpoint: string): Calls => calls.filter((call) => call.endpoint === endpoint)

const writesOf = (calls: Calls, endpoint: string): Calls =>
  callsOf(calls, endpoint).filter(({ action }) => action !== undefined)

const count = (answers: readonly Answer[], wanted: Answer): number =>
  answers.filter((answer) => answer === wanted).length

/** What is released loses its key. */
const isLetGo = ({ records = [] }: LoggedCall, n: number): boolean =>
  (records[n] as Record<string, unknown> | undefined)?.externalPersonId === null

function keysHeldTwice({ results = [] }: LoggedCall): number {
  const keys = results.flatMap((person) => Reflect.get(person, 'externalPersonId') ?? [])
  return new Set(keys.filter((key, n) => keys.indexOf(key) !== n)).size
}
