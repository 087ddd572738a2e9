// A diagnosis as the chain that a record has to go along until a sales rep sees it. Pure.
import type { LedgerEntry } from '../../database/ledger.ts'
import type { ParkedRecord } from '../../database/parked.ts'
import type { Check } from '../check.ts'
import type { Diagnosis } from '../diagnosis.ts'

export type Tone = 'good' | 'bad' | 'off'

export interface Link {
  name: string
  tone: Tone
  checks: (Check & { tone: Tone })[]
}

/** What a person's opportunities hang on, as the ledger knows it. */
export interface Related {
  roles: LedgerEntry[]
  opportunities: Map<string, LedgerEntry>
  parked: Map<string, ParkedRecord>
}

const LINKS = [
  'Salesforce',
  'The bridge',
  'Sales person',
  'Company',
  'Person',
  'Opportunity',
  'Opportunity role',
  'Sales Insight values',
  'Connections',
] as const
type LinkName = (typeof LINKS)[number]

const OWN: Record<string, LinkName> = {
  User: 'Sales person',
  Account: 'Company',
  Lead: 'Person',
  Contact: 'Person',
  Opportunity: 'Opportunity',
  OpportunityContactRole: 'Opportunity role',
}

const PLACES: Record<string, LinkName> = {
  Salesforce: 'Salesforce',
  'In scope': 'The bridge',
  Accepted: 'The bridge',
  Sent: 'The bridge',
  'Carried over': 'The bridge',
  'Sales person': 'Sales person',
  Company: 'Company',
  Person: 'Person',
  externalPersonId: 'Person',
  Opportunity: 'Opportunity',
  'Sales Insight values': 'Sales Insight values',
}

/** Why a link says nothing about a record. */
const NOT_THIS: Partial<Record<LinkName, string>> = {
  'Sales person': 'It has no owner that is a sales person.',
  Company: 'It belongs to no company.',
  Person: 'It is no person.',
  Opportunity: 'It has no opportunity that the bridge knows of.',
  'Opportunity role': 'It has no opportunity role that the bridge knows of.',
  'Sales Insight values': 'Only persons have Sales Insight values.',
}

const OF_PERSONS: typeof NOT_THIS = {
  'Sales Insight values': 'Unknown, as Marketo does not show the person.',
}

const UNREADABLE: typeof NOT_THIS = {
  'Sales person': 'Unknown, as Salesforce does not show the record.',
  Company: 'Unknown, as Salesforce does not show the record.',
}

export function chainOf(diagnosis: Diagnosis, related: Related): Link[] {
  const checks = diagnosis.checks.map((check) => ({ link: placeOf(check, diagnosis.object), check }))
  const more = relatedChecks(related)
  const readable = diagnosis.checks.some(({ name, ok }) => name === 'Salesforce' && ok)
  const reasons = {
    ...NOT_THIS,
    ...(OWN[diagnosis.object] === 'Person' ? OF_PERSONS : {}),
    ...(readable ? {} : UNREADABLE),
  }
  return LINKS.flatMap((name): Link[] => {
    const found = [...checks, ...more].filter(({ link }) => link === name).map(({ check }) => check)
    if (found.length === 0) {
      const reason = reasons[name]
      if (reason === undefined) return []
      return [{ name, tone: 'off', checks: [{ name, ok: true, reason, advice: null, tone: 'off' }] }]
    }
    const tone = found.every(({ ok }) => ok) ? 'good' : 'bad'
    return [{ name, tone, checks: found.map((check) => ({ ...check, tone: check.ok ? 'good' : 'bad' })) }]
  })
}

function placeOf({ name }: Check, object: string): LinkName {
  if (name === 'Marketo') return OWN[object] ?? 'Person'
  return PLACES[name] ?? 'Connections'
}

function relatedChecks({ roles, opportunities, parked }: Related): { link: LinkName; check: Check }[] {
  const ids = new Set(roles.flatMap(({ opportunityId }) => opportunityId ?? []))
  return [
    ...[...ids].map((id) => ({
      link: 'Opportunity' as const,
      check: stateOf('Opportunity', id, opportunities.get(id), parked.get(id)),
    })),
    ...roles.map((role) => ({
      link: 'Opportunity role' as const,
      check: stateOf('OpportunityContactRole', role.id, role, parked.get(role.id)),
    })),
  ]
}

function stateOf(
  object: string,
  id: string,
  entry: LedgerEntry | undefined,
  refused: ParkedRecord | undefined,
): Check {
  const name = `${object} ${id}`
  if (refused !== undefined)
    return { name, ok: false, reason: `${name} is parked because: ${refused.reason}`, advice: refused.advice }
  if (entry?.state === 'confirmed')
    return { name, ok: true, reason: `Marketo has confirmed ${name}.`, advice: null }
  return {
    name,
    ok: false,
    reason: `Marketo has not confirmed ${name}.`,
    advice: `Look at ${id}; it may wait for a record of its own.`,
  }
}
