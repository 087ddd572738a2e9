// What needs a person, seen in the state of the installation now. Pure.
import type { Problem } from '../../database/state.ts'
import { isDayUsedUp } from '../../marketo/quota.ts'
import { NOT_CONFIGURED, type Status } from '../status.ts'

export interface Facts {
  problems: Status['problems']
  stream: Status['stream']
  pauses: Status['marketo']['pauses']
  /** Refused records now, per object, and the fewest of the last 24 hours. */
  parked: Record<string, number>
  parkedBefore: number
  /** When Apex last called, and how often it usually does; undefined where it never has. */
  webhook: { at: number; usualPauseMs: number } | undefined
  /** Since when somebody watches without a break: what happened before was not seen. */
  watchedSince: number
  /** Whether this was told, and is not over. */
  isTold: (key: string) => boolean
  now: number
}

export interface Sighting {
  key: string
  system: Problem['system'] | 'parked' | 'webhook'
  code: string
  reason: string
  advice: string
  /** The console's page that tells more. */
  page: string
  /** Told when it has lasted for so long; what is shorter cures itself. */
  afterMs: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Every fault of the stream or of Marketo that cures itself is over within two minutes (rule 13); ten leave no doubt. */
export const LASTING_MS = 10 * MINUTE_MS
/** Refused records come by ones and twos every day; these many, or this share, in a day are no accident. */
const PARKED_AT_LEAST = 10
const PARKED_SHARE = 0.1
/** A schedule slower than hourly is left alone for twice its pause. */
const PAUSES_MISSED = 2

export function lookFor(facts: Facts): Sighting[] {
  const found = [
    ...problemsOf(facts),
    ...streamOf(facts),
    ...quotaOf(facts),
    ...parkedOf(facts),
    ...webhookOf(facts),
  ]
  // The first of a key has the better words: a problem before the pause that it brings.
  return [...new Map(found.toReversed().map((one) => [one.key, one])).values()].toReversed()
}

const PAGES: Partial<Record<string, string>> = {
  mapping: '/settings',
  removals: '/parked',
  insights: '/',
  sync: '/',
}

function problemsOf({ problems }: Facts): Sighting[] {
  const groups = new Map<string, Status['problems']>()
  for (const problem of problems) {
    // The stream's is told as the stream; that alerts don't arrive can't be told by one.
    if (problem.system === 'stream' || problem.system === 'alerts') continue
    const key = keyOf(problem)
    groups.set(key, [...(groups.get(key) ?? []), problem])
  }
  return [...groups].map(([key, [first, ...more]]) => ({
    key,
    system: first!.system as Problem['system'],
    code: first!.code,
    reason: more.length === 0 ? first!.reason : `${first!.reason} (And ${more.length} more of the kind.)`,
    advice: first!.advice,
    page: PAGES[first!.system] ?? '/setup',
    afterMs: first!.system === 'removals' || isDayUsedUp(first!.code) ? 0 : LASTING_MS,
  }))
}

/** Fields that are missing in Marketo are one matter, however many; a stopped removal is one per object. */
function keyOf({ system, code }: Status['problems'][number]): string {
  return system === 'mapping' ? `${system}:${code.split(':', 1)[0]}` : `${system}:${code}`
}

function streamOf({ stream, problems }: Facts): Sighting[] {
  const setUp = problems.some(({ code }) => code === NOT_CONFIGURED)
  if (stream.state === 'live' || setUp) return []
  const reason = stream.reason === null ? '' : ` ${stream.reason}`
  return [
    {
      key: 'stream:down',
      system: 'stream',
      code: stream.state,
      reason: `No events arrive from Salesforce: the stream is ${stream.state}.${reason}`,
      advice:
        problems.find(({ system }) => system === 'stream')?.advice ??
        'The set-up page checks login, rights and event. Nothing is lost: changes are found by the reconcile meanwhile.',
      page: '/setup',
      afterMs: LASTING_MS,
    },
  ]
}

function quotaOf({ pauses }: Facts): Sighting[] {
  return pauses
    .filter(({ code }) => isDayUsedUp(code))
    .map(({ code, reason, until }) => ({
      key: `marketo:${code}`,
      system: 'marketo',
      code,
      reason,
      advice: `Changes wait until ${until} (midnight US Central); none is lost. Marketo's Admin > Web Services shows who calls how often.`,
      page: '/',
      afterMs: 0,
    }))
}

function parkedOf({ parked, parkedBefore }: Facts): Sighting[] {
  const now = Object.values(parked).reduce((a, b) => a + b, 0)
  const more = now - parkedBefore
  if (more < Math.max(PARKED_AT_LEAST, parkedBefore * PARKED_SHARE)) return []
  const objects = Object.entries(parked)
    .filter(([, records]) => records > 0)
    .map(([object, records]) => `${object} ${records}`)
  return [
    {
      key: 'parked:grows',
      system: 'parked',
      code: 'grows',
      reason: `${more} more records are refused than at the best time of the last 24 hours: ${now} now (${objects.join(', ')}).`,
      advice: 'The list of parked records groups them by reason and says what to do about each.',
      page: '/parked',
      afterMs: 0,
    },
  ]
}

function webhookOf({ webhook, watchedSince, isTold, now }: Facts): Sighting[] {
  if (webhook === undefined) return []
  const key = 'webhook:silent'
  const silentMs = now - (isTold(key) ? webhook.at : Math.max(webhook.at, watchedSince))
  if (silentMs <= Math.max(HOUR_MS, PAUSES_MISSED * webhook.usualPauseMs)) return []
  return [
    {
      key,
      system: 'webhook',
      code: 'silent',
      reason: `The Apex job has not called the webhook since ${new Date(webhook.at).toISOString()}, so Sales Insight values do not reach Salesforce.`,
      advice:
        'In Salesforce, open the app "Marketo Sync": it shows the last run and its failure, and starts the schedule. The values are kept; the next run fetches them all.',
      page: '/setup',
      afterMs: 0,
    },
  ]
}
