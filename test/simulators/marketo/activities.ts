// The activity log. One list per type, each in order of a number that only grows, so that asking for rare types
// never walks the many data value changes. Those two types are pruned, as Marketo prunes them (marketo-rest §6).
import type { Settings } from './options.ts'
import type { Scalar } from './fields.ts'

export interface FieldChange {
  name: string
  oldValue: Scalar
  newValue: Scalar
}

export interface Activity {
  n: number
  at: number
  type: number
  leadId: number
  primaryId?: number
  primary?: string
  attributes?: Record<string, Scalar>
  changes?: FieldChange[]
}

export interface ActivityType {
  id: number
  name: string
  description: string
  primaryAttribute?: { name: string; dataType: string }
  attributes: { name: string; dataType: string }[]
}

export interface Activities {
  types: ActivityType[]
  log(type: number, leadId: number, more?: Omit<Activity, 'n' | 'at' | 'type' | 'leadId'>): Activity
  /** Of these types, after number `after` and not before `since`, oldest first, at most `limit`. */
  read(types: readonly number[], position: { after: number; since: number }, limit: number): Activity[]
  ofType(type: number): readonly Activity[]
  count(): number
}

export const NEW_LEAD = 12
export const CHANGE_DATA_VALUE = 13
export const CHANGE_OWNER = 23
export const MERGE_LEADS = 32
export const DELETE_LEAD = 37

const KEPT_PER_TYPE = 100_000

const attribute = (name: string, dataType = 'string') => ({ name, dataType })

// marketo-rest §6 (ids of the official list); the ids of two of them can be set, as they differ between instances.
const activityTypes = (settings: Settings): ActivityType[] => [
  { id: 1, name: 'Visit Webpage', description: 'User visits a web page', attributes: [] },
  {
    id: NEW_LEAD,
    name: 'New Lead',
    description: 'New person/record is added to the lead database',
    attributes: [attribute('Source Type')],
  },
  {
    id: CHANGE_DATA_VALUE,
    name: 'Change Data Value',
    description: 'Changed attribute value for a person/record',
    primaryAttribute: attribute('Attribute Name'),
    attributes: [attribute('New Value'), attribute('Old Value'), attribute('Reason'), attribute('Source')],
  },
  {
    id: settings.changeScoreTypeId,
    name: 'Change Score',
    description: 'Score on a person/record is modified',
    primaryAttribute: attribute('Score Name'),
    attributes: [
      attribute('Change Value'),
      attribute('New Value', 'integer'),
      attribute('Old Value', 'integer'),
      attribute('Reason'),
    ],
  },
  {
    id: CHANGE_OWNER,
    name: 'Change Owner',
    description: 'Sales owner is changed for a person/record',
    attributes: [],
  },
  {
    id: MERGE_LEADS,
    name: 'Merge Leads',
    description: 'Merge two or more people into a single record',
    primaryAttribute: attribute('Lead ID', 'integer'),
    attributes: [attribute('Merge IDs'), attribute('Merge Fields')],
  },
  { id: 34, name: 'Add to Opportunity', description: 'Person is added to an opportunity', attributes: [] },
  { id: 35, name: 'Remove from Opportunity', description: 'Person leaves an opportunity', attributes: [] },
  {
    id: DELETE_LEAD,
    name: 'Delete Lead',
    description: 'Delete a person/record from the database',
    primaryAttribute: attribute('Lead ID', 'integer'),
    attributes: [],
  },
  // The 41 that an old blog post takes for Interesting Moment (marketo-rest §6).
  ...(settings.interestingMomentTypeId === 41
    ? []
    : [{ id: 41, name: 'Click Sales Email', description: 'Clicks a link in a sales email', attributes: [] }]),
  {
    id: settings.interestingMomentTypeId,
    name: 'Interesting Moment',
    description: 'User has an interesting moment',
    primaryAttribute: attribute('Type'),
    attributes: [attribute('Date', 'datetime'), attribute('Description', 'text'), attribute('Source')],
  },
]

export function createActivities(settings: Settings): Activities {
  const lists = new Map<number, Activity[]>()
  let n = 0

  return {
    types: activityTypes(settings),
    log(type, leadId, more = {}) {
      const activity: Activity = { n: ++n, at: settings.now(), type, leadId, ...more }
      let list = lists.get(type)
      if (!list) lists.set(type, (list = []))
      list.push(activity)
      const pruned = type === NEW_LEAD || type === CHANGE_DATA_VALUE
      if (pruned && list.length >= 2 * KEPT_PER_TYPE) lists.set(type, list.slice(-KEPT_PER_TYPE))
      return activity
    },
    read(types, { after, since }, limit) {
      const found: Activity[] = []
      for (const type of new Set(types)) {
        const list = lists.get(type) ?? []
        const start = firstIndex(list, (activity) => activity.n > after && activity.at >= since)
        for (const activity of list.slice(start, start + limit)) found.push(activity)
      }
      return found.sort((a, b) => a.n - b.n).slice(0, limit)
    },
    ofType: (type) => lists.get(type) ?? [],
    count: () => n,
  }
}

function firstIndex(list: readonly Activity[], isPast: (activity: Activity) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isPast(list[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
