// The calls of the activity log (marketo-rest §6, activities.md). Ids are strings in marketoGUID; the old `id` may
// be missing, and is for every second activity. Dates come with Z or with an offset without colon.
import { CHANGE_DATA_VALUE, DELETE_LEAD, NEW_LEAD } from './activities.ts'
import type { Activity } from './activities.ts'
import { failure, success } from './answer.ts'
import type { Answer } from './answer.ts'
import { refusal } from './call.ts'
import type { Call, Route, World } from './call.ts'
import { listOf, PAGE } from './paging.ts'
import { isoSeconds, isoVaried } from './values.ts'

// marketo-rest §2.
const MOST_TYPES = 10
const MOST_LEADS = 30
const DATETIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/

interface Position {
  since: number
  after: number
  page: number
}

export const getActivityTypes: Route = (_call, { activities }) => ({
  run: () => success({ result: activities.types }),
})

export const getPagingToken: Route = (call) => {
  const since = call.params.get('sinceDatetime')
  if (!since) return refusal(failure('701', 'sinceDatetime cannot be blank'))
  const at = Date.parse(since.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  if (!DATETIME.test(since) || Number.isNaN(at))
    return refusal(failure('704', `Invalid date format: ${since}`))
  // marketo-rest §6: second resolution only, so a reader must overlap and drop what it has seen.
  const position = { since: Math.floor(at / 1000) * 1000, after: 0, page: 0 }
  return { run: () => success({ nextPageToken: tokenOf(position) }) }
}

export const getActivities: Route = (call, world) => {
  const types = listOf(call.params, 'activityTypeIds')
  if (types.length === 0) return refusal(failure('701', 'activityTypeIds cannot be blank'))
  if (types.length > MOST_TYPES)
    return refusal(failure('1003', `Invalid data: at most ${MOST_TYPES} activityTypeIds are allowed`))
  const known = new Set(world.activities.types.map((type) => type.id))
  const unknown = types.find((type) => !known.has(Number(type)))
  if (unknown !== undefined)
    return refusal(failure('1001', `Invalid value '${unknown}'. Required of type 'activityTypeId'`))
  return walk(call, world, types.map(Number), tellActivity)
}

export const getLeadChanges: Route = (call, world) => {
  const fields = listOf(call.params, 'fields')
  if (fields.length === 0) return refusal(failure('701', 'fields cannot be blank'))
  const unknown = fields.find((name) => !world.store.leadSchema.fields.has(name))
  if (unknown !== undefined) return refusal(failure('1006', `Field '${unknown}' not found`))
  const wanted = new Set(fields)
  const types = [NEW_LEAD, CHANGE_DATA_VALUE]
  return walk(call, world, types, (activity) => tellChange(activity, wanted))
}

export const getDeletedLeads: Route = (call, world) => walk(call, world, [DELETE_LEAD], tellActivity)

function walk(
  call: Call,
  world: World,
  types: readonly number[],
  tell: (activity: Activity) => unknown,
): ReturnType<Route> {
  const leadIds = listOf(call.params, 'leadIds')
  const token = call.params.get('nextPageToken')
  const about = { records: types }
  if (!token) return refusal(failure('701', 'nextPageToken cannot be blank'), about)
  const position = positionOf(token)
  if (!position) return refusal(failure('1003', 'Invalid data: nextPageToken'), about)
  if (leadIds.length > MOST_LEADS)
    return refusal(failure('1003', `Invalid data: at most ${MOST_LEADS} leadIds are allowed`), about)
  return { ...about, run: () => page(world, types, position, new Set(leadIds.map(Number)), tell) }
}

function page(
  world: World,
  types: readonly number[],
  position: Position,
  leadIds: ReadonlySet<number>,
  tell: (activity: Activity) => unknown,
): Answer {
  const read = world.activities.read(types, position, PAGE + 1)
  const some = read.slice(0, sizeOf(position, read.length, world))
  const moreResult = read.length > some.length
  // A filter on leads thins out a page that was read: such pages are short, or empty, with more to come.
  const shown = some.filter((activity) => leadIds.size === 0 || leadIds.has(activity.leadId))
  const after = some.at(-1)?.n ?? position.after
  // This call always gives a token, also at the end (marketo-rest §2).
  const nextPageToken = tokenOf({ since: position.since, after, page: moreResult ? position.page + 1 : 0 })
  const result = shown.map(tell).filter((told) => told !== undefined)
  return success({ ...(result.length > 0 ? { result } : {}), nextPageToken, moreResult })
}

/** In a walk of several pages the second is short and the third is empty, with moreResult (marketo-rest §6). */
function sizeOf({ page }: Position, available: number, { settings }: World): number {
  if (!settings.shortPages || page % 3 === 0 || available < 2) return PAGE
  return page % 3 === 1 ? Math.min(PAGE, Math.ceil(available / 2)) : 0
}

const base = (activity: Activity) => ({
  ...(activity.n % 2 === 0 ? { id: activity.n } : {}),
  marketoGUID: String(activity.n),
  leadId: activity.leadId,
  activityDate: activity.n % 2 === 0 ? isoSeconds(activity.at) : isoVaried(activity.at, 2),
  activityTypeId: activity.type,
})

function tellActivity(activity: Activity): unknown {
  // A data value change is one activity per field here, with the field as primary attribute.
  const change = activity.changes?.[0]
  const attributes = change
    ? { 'New Value': change.newValue, 'Old Value': change.oldValue, Source: 'Web service API' }
    : (activity.attributes ?? {})
  return {
    ...base(activity),
    ...(activity.primaryId === undefined ? {} : { primaryAttributeValueId: activity.primaryId }),
    ...((activity.primary ?? change?.name)
      ? { primaryAttributeValue: activity.primary ?? change?.name }
      : {}),
    // activities.md: an empty attribute is left out.
    attributes: Object.entries(attributes)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => ({ name, value })),
  }
}

function tellChange(activity: Activity, wanted: ReadonlySet<string>): unknown {
  const fields = (activity.changes ?? []).filter((change) => wanted.has(change.name))
  if (activity.type === CHANGE_DATA_VALUE && fields.length === 0) return undefined
  return {
    ...base(activity),
    fields: fields.map((change, id) => ({ id: id + 1, ...change })),
    attributes: [
      { name: 'Reason', value: 'Web service API' },
      { name: 'Source', value: 'Web service API' },
      { name: 'Lead ID', value: activity.leadId },
    ],
  }
}

/** With "=" at its end, as the real ones, so that a reader that does not encode it fails. */
const tokenOf = ({ since, after, page }: Position) =>
  `${Buffer.from(`${since}:${after}:${page}`).toString('base64url')}====`

function positionOf(token: string): Position | undefined {
  if (!token.endsWith('====')) return undefined
  const parts = Buffer.from(token, 'base64url').toString().split(':').map(Number)
  const [since, after, page] = parts
  if (parts.length !== 3 || parts.some((part) => !Number.isSafeInteger(part))) return undefined
  return { since: since!, after: after!, page: page! }
}
