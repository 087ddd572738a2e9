// Whether the numbers add up: the ledger knows what Marketo holds, no more and no less; one Marketo person is one record's; every call was
// counted, and every record that Marketo took or let go; of the events exactly the broken ones are listed.
import { sql } from 'kysely'
import type { InStep } from '../in-step/check.ts'
import { isOurs } from '../in-step/marketo-side.ts'
import type { Living } from './begin.ts'
import { comparePushes } from './pushes.ts'

export async function sums(living: Living, { objects }: InStep): Promise<string[]> {
  const { db, marketo, countsCalls } = living
  const [rows, roles, persons, days, events] = await Promise.all([
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
  return [
    ...wrong,
    ...comparePushes(living, await living.pushes()),
    ...compareEvents(living, new Set(events.map(({ id }) => id))),
  ]
}

function compareEvents({ salesforce, scene }: Living, parked: ReadonlySet<string>): string[] {
  const { published } = salesforce.events
  const brokenOf = (events: typeof published): Set<string> =>
    new Set(
      events.filter(({ payload }) => !isUnderstood(payload)).map(({ eventUuid }) => `event:${eventUuid}`),
    )
  const broken = brokenOf(published)
  const certain = brokenOf(published.slice(scene.certainFrom))
  return [
    ...[...parked.difference(broken)].map((id) => `${id} is parked and was not broken`),
    ...[...certain.difference(parked)].map((id) => `${id} is broken and was not parked`),
  ]
}

function isUnderstood(payload: unknown): boolean {
  const { Object_Type__c: object, Record_Ids__c: ids } = (payload ?? {}) as Record<string, unknown>
  return (
    typeof object === 'string' &&
    typeof ids === 'string' &&
    ids.split(',').every((id) => isOurs(id, id.slice(0, 3)))
  )
}
