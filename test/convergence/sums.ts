// Whether the database's numbers add up: the ledger knows what Marketo holds, no more and no less; one Marketo person is one record's; every call
// was counted; all events are stored, and exactly the broken ones are listed.
import { sql } from 'kysely'
import type { InStep } from '../in-step/check.ts'
import type { Stored } from './account.ts'
import type { Living } from './begin.ts'
import { compareStored } from './received.ts'
import { streamPosition } from './what-is-left.ts'

export async function sums(living: Living, { objects }: InStep): Promise<string[]> {
  const { db, salesforce, marketo, countsCalls } = living
  const [rows, roles, persons, days, events, position] = await Promise.all([
    db
      .selectFrom('ledger')
      .select(['object', sql<number>`count(*)::int`.as('records')])
      .where('state', '=', 'confirmed')
      .groupBy('object')
      .execute(),
    db
      .selectFrom('ledger')
      .select(sql<number>`count(distinct lower(role_key))::int`.as('keys'))
      .where('state', '=', 'confirmed')
      .executeTakeFirstOrThrow(),
    db
      .selectFrom('ledger')
      .select(['id', 'marketo_id'])
      .where('object', 'in', ['Lead', 'Contact'])
      .where('state', '=', 'confirmed')
      .execute(),
    db.selectFrom('marketo_days').select('calls').execute(),
    db.selectFrom('parked').select('id').where('object', '=', 'Event').execute(),
    streamPosition(db),
  ])
  const known: Record<string, number> = {
    ...Object.fromEntries(rows.map(({ object, records }) => [object, records])),
    OpportunityContactRole: roles.keys,
  }
  const wrong: string[] = []
  for (const object of ['Lead', 'Contact', 'Opportunity', 'OpportunityContactRole'] as const)
    if ((known[object] ?? 0) !== objects[object].marketo)
      wrong.push(
        `the ledger knows ${known[object] ?? 0} ${object} records, Marketo has ${objects[object].marketo}`,
      )
  for (const { id, marketo_id: person } of persons)
    if (marketo.instance.leads.get(Number(person))?.fields.externalPersonId !== id)
      wrong.push(`the ledger says that ${id} is Marketo person ${person}`)
  if (new Set(persons.map(({ marketo_id }) => marketo_id)).size !== persons.length)
    wrong.push('one Marketo person belongs to two records')
  const counted = days.reduce((sum, { calls }) => sum + calls, 0)
  if (countsCalls && counted < marketo.calls.length)
    wrong.push(`${marketo.calls.length} calls, ${counted} counted`)
  const parked = new Set(events.map(({ id }) => id))
  return [...wrong, ...compareStored(salesforce.events, { position, parked })]
}

/** What of their work outlives the processes. */
export async function storedOf({ db }: Living): Promise<Stored> {
  const [{ epoch }, rows] = await Promise.all([
    db.selectFrom('lease').select('epoch').executeTakeFirstOrThrow(),
    db
      .selectFrom('history')
      .select(['object', sql<number>`count(*)::int`.as('records')])
      .where('outcome', '=', 'refused')
      .groupBy('object')
      .execute(),
  ])
  return { epoch, refused: new Map(rows.map(({ object, records }) => [`${object} refused`, records])) }
}
