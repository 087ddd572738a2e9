// Which call answers which path below /rest/v1/.
import {
  getActivities,
  getActivityTypes,
  getDeletedLeads,
  getLeadChanges,
  getPagingToken,
} from './activity-calls.ts'
import type { Route } from './call.ts'
import { describeLeads, describeLeads2, describeObject } from './describe.ts'
import { getLead, getLeads } from './leads-get.ts'
import { deleteLeads, mergeLeads } from './leads-remove.ts'
import { syncLeads } from './leads-sync.ts'
import { deleteObjects } from './object-delete.ts'
import { getObjects } from './object-get.ts'
import type { ObjectDefinition } from './object-schemas.ts'
import { syncObjects } from './object-sync.ts'
import { getErrors, getPartitions, getUsage } from './stats-calls.ts'

/** Endpoint → method → route. */
export type Routes = Map<string, Partial<Record<string, Route>>>

export const createRoutes = (definitions: readonly ObjectDefinition[]): Routes =>
  new Map<string, Partial<Record<string, Route>>>([
    ['leads.json', { POST: syncLeads, GET: getLeads }],
    ['lead/{id}.json', { GET: getLead }],
    ['leads/delete.json', { POST: deleteLeads }],
    ['leads/{id}/merge.json', { POST: mergeLeads }],
    ['leads/describe.json', { GET: describeLeads }],
    ['leads/describe2.json', { GET: describeLeads2 }],
    ['leads/partitions.json', { GET: getPartitions }],
    ...definitions.flatMap((definition): [string, Partial<Record<string, Route>>][] => [
      [`${definition.path}.json`, { POST: syncObjects(definition), GET: getObjects(definition) }],
      [`${definition.path}/describe.json`, { GET: describeObject(definition) }],
      [`${definition.path}/delete.json`, { POST: deleteObjects(definition) }],
    ]),
    ['activities/types.json', { GET: getActivityTypes }],
    ['activities/pagingtoken.json', { GET: getPagingToken }],
    ['activities.json', { GET: getActivities }],
    ['activities/leadchanges.json', { GET: getLeadChanges }],
    ['activities/deletedleads.json', { GET: getDeletedLeads }],
    ['stats/usage.json', { GET: getUsage(1) }],
    ['stats/usage/last7days.json', { GET: getUsage(7) }],
    ['stats/errors.json', { GET: getErrors(1) }],
    ['stats/errors/last7days.json', { GET: getErrors(7) }],
  ])

export function endpointOf(path: string): { endpoint: string; id?: number } {
  const lead = /^(lead\/|leads\/)(\d+)(\.json|\/merge\.json)$/.exec(path)
  return lead ? { endpoint: `${lead[1]}{id}${lead[3]}`, id: Number(lead[2]) } : { endpoint: path }
}
