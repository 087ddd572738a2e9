// One record: found by id or e-mail, its way to MSI link by link, what was sent of it, and sending it now.
import { z } from 'zod'
import { mark, PRIORITY } from '../../database/changes.ts'
import { listHistory } from '../../database/history.ts'
import { dependants, readLedger } from '../../database/ledger.ts'
import { readParked } from '../../database/parked.ts'
import type { Db } from '../../database/tables.ts'
import { BridgeError, reasonOf } from '../../errors.ts'
import type { Salesforce } from '../../salesforce/connect.ts'
import { findByEmail, type FoundByEmail } from '../../salesforce/find-by-email.ts'
import { objectOf, OBJECTS, toId18, type ObjectName } from '../../salesforce/ids.ts'
import type { App } from '../../web/app-type.ts'
import { diagnose } from '../diagnosis.ts'
import { gather, type GatherDeps } from '../gather.ts'
import { field } from './fields.ts'
import type { Show } from './pages.ts'
import { chainOf, type Related } from './record-chain.ts'

const SEARCH_WITHIN_MS = 12_000
const MOST_ROLES = 50
const MOST_HISTORY = 50
const NONE: Related = { roles: [], opportunities: new Map(), parked: new Map() }

export interface RecordDeps extends GatherDeps {
  show: Show
  /** The org itself, for looking by e-mail. */
  org: (() => Promise<Salesforce>) | undefined
}

export function recordPages(app: App, deps: RecordDeps): void {
  const { db, show, org } = deps
  const config = { access: 'session' } as const
  const one = z.object({ id: z.string() })

  app.get(
    '/records',
    { config, schema: { hide: true, querystring: z.object({ q: field(200) }) } },
    async (request, reply) => {
      const { q } = request.query
      const id = q === undefined ? undefined : toId18(q)
      if (id !== undefined) return reply.redirect(`/records/${id}`, 303)
      const outcome = q === undefined ? { message: undefined } : await search(q)
      const [only, another] = 'found' in outcome ? (outcome.found ?? []) : []
      if (only !== undefined && another === undefined) return reply.redirect(`/records/${only.id}`, 303)
      return show(request, reply, { template: 'search', title: 'Find a record', data: { q, ...outcome } })
    },
  )

  async function search(q: string): Promise<{ message?: string; found?: FoundByEmail[] }> {
    if (!/^[^\s@]+@[^\s@]+$/.test(q))
      return {
        message: `"${q}" is neither a Salesforce id of 15 or 18 characters nor an e-mail address. If it is an id, copy it again: its last three characters do not fit the others.`,
      }
    if (org === undefined)
      return {
        message:
          'Salesforce is not set up yet, so nobody can be found by e-mail. The set-up page says what is missing.',
      }
    try {
      const found = await findByEmail(await org(), q, AbortSignal.timeout(SEARCH_WITHIN_MS))
      return found.length > 0
        ? { found }
        : {
            message: `Salesforce shows the integration user no Lead, Contact or User with the e-mail ${q}.`,
          }
    } catch (error) {
      const advice = error instanceof BridgeError ? error.advice : 'Try again in a minute.'
      return { message: `Salesforce could not be asked: ${reasonOf(error)} ${advice}` }
    }
  }

  app.get('/records/:id', { config, schema: { hide: true, params: one } }, async (request, reply) => {
    const { id, object } = find(request.params.id)
    const diagnosis = diagnose(await gather(deps, object, id))
    if (diagnosis === undefined)
      throw app.httpErrors.notFound(`${object} ${id} is neither in Salesforce nor in Marketo.`)
    const [related, history] = await Promise.all([
      relatedOf(db, object, id),
      listHistory(db, id, MOST_HISTORY),
    ])
    const chain = chainOf(diagnosis, related)
    return show(request, reply, {
      template: 'record',
      title: `${object} ${id}`,
      data: {
        id,
        object,
        called: nameOf(diagnosis.salesforce),
        sentAt: diagnosis.ledger?.pushedAt,
        chain,
        broken: chain.filter(({ tone }) => tone === 'bad').length,
        history,
        sides: [
          { name: 'In Salesforce', values: rowsOf(diagnosis.salesforce) },
          { name: 'In Marketo', values: rowsOf(diagnosis.marketo) },
          { name: 'What the bridge knows', values: rowsOf(diagnosis.ledger) },
        ],
      },
    })
  })

  app.post('/records/:id/sync', { config, schema: { hide: true, params: one } }, async (request, reply) => {
    const { id, object } = find(request.params.id)
    await mark(db, [{ id, object, priority: PRIORITY.asked, force: true }])
    return reply.redirect(`/records/${id}?done=synced`, 303)
  })

  function find(given: string): { id: string; object: ObjectName } {
    const id = toId18(given)
    if (id === undefined)
      throw app.httpErrors.badRequest(`"${given}" is no Salesforce id of 15 or 18 characters.`)
    const object = objectOf(id)
    if (object === undefined)
      throw app.httpErrors.notFound(`${id} is no ${OBJECTS.join(', ')}: other objects are not synced.`)
    return { id, object }
  }
}

async function relatedOf(db: Db, object: ObjectName, id: string): Promise<Related> {
  const by = { Lead: 'person_id', Contact: 'person_id', Opportunity: 'opportunity_id' } as const
  if (object !== 'Lead' && object !== 'Contact' && object !== 'Opportunity') return NONE
  const entries = await dependants(db, by[object], [id])
  const roles = entries.filter((entry) => entry.object === 'OpportunityContactRole').slice(0, MOST_ROLES)
  // Of an opportunity the diagnosis itself tells.
  const ids = object === 'Opportunity' ? [] : roles.flatMap(({ opportunityId }) => opportunityId ?? [])
  const [opportunities, parked] = await Promise.all([
    readLedger(db, ids),
    readParked(db, [...ids, ...roles.map((role) => role.id)]),
  ])
  return object === 'Opportunity'
    ? { roles: roles.map((role) => ({ ...role, opportunityId: null })), opportunities, parked }
    : { roles, opportunities, parked }
}

function nameOf(row: Record<string, unknown> | null): string {
  const { Name, FirstName, LastName } = row ?? {}
  return [Name ?? FirstName, Name === undefined ? LastName : undefined]
    .filter((part) => typeof part === 'string')
    .join(' ')
}

function rowsOf(values: Record<string, unknown> | null): [string, string][] | null {
  if (values === null) return null
  return Object.entries(values)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])
}
