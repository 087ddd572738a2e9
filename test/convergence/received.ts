// What was published and what the service says it received: every event once, whatever became of the connection; only where it had to join
// the stream anew, what was published before that may be lost to it.
import { isOurs } from '../in-step/marketo-side.ts'
import type { Events } from '../simulators/salesforce/index.ts'
import type { Bounds } from './bounds.ts'

type Published = Events['published']
type Told = Pick<Events, 'published' | 'joinedAfter'>

/** Of those after so many. */
export function eventsAfter({ published, joinedAfter }: Told, before: number): Bounds[] {
  const least = published.slice(Math.max(before, joinedAfter.at(-1) ?? Infinity))
  const most = published.slice(Math.max(before, joinedAfter[0] ?? Infinity))
  return [
    { what: 'events', as: ['marked', 'parked'], least: least.length, most: most.length },
    { what: 'broken events', as: ['parked'], least: brokenOf(least).length, most: brokenOf(most).length },
  ]
}

/** What the database says of them, whatever happened to the processes. */
export function compareStored(
  { published, joinedAfter }: Told,
  { position, parked }: { position: number | undefined; parked: ReadonlySet<string> },
): string[] {
  const broken = idsOf(brokenOf(published))
  const certain = published.slice(joinedAfter.at(-1) ?? Infinity)
  const last = certain.at(-1)?.replayId
  return [
    ...[...parked.difference(broken)].map((id) => `${id} is parked and was not broken`),
    ...[...idsOf(brokenOf(certain)).difference(parked)].map((id) => `${id} is broken and was not parked`),
    ...(last === undefined || last === position
      ? []
      : [`event ${last} is the last one, and the position is ${position}`]),
  ]
}

const brokenOf = (events: Published): Published => events.filter(({ payload }) => !isUnderstood(payload))

const idsOf = (events: Published): Set<string> => new Set(events.map(({ eventUuid }) => `event:${eventUuid}`))

function isUnderstood(payload: unknown): boolean {
  const { Object_Type__c: object, Record_Ids__c: ids } = (payload ?? {}) as Record<string, unknown>
  return (
    typeof object === 'string' &&
    typeof ids === 'string' &&
    ids.split(',').every((id) => isOurs(id, id.slice(0, 3)))
  )
}
