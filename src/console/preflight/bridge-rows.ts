// The checklist's rows about the bridge itself and the way back. Pure.
import type { Status } from '../status.ts'
import type { PublishedMapping } from '../mapping-shape.ts'
import type { Told } from '../record-facts.ts'
import { duration } from '../pages/words.ts'
import { failed, good, rowOf, unknown, type Finding, type Row } from './row.ts'

export interface BridgeFacts {
  /** Undefined where nobody serves. */
  status: Told<Status>
  webhookCalledAt: Told<number | undefined>
  /** Undefined until a leader has read it. */
  mapping: PublishedMapping | undefined
  embedded: boolean
  leads: Told<boolean>
  now: number
}

const HOUR_MS = 3_600_000
const SCHEDULE =
  'In Salesforce, open the app "Marketo Sync" and schedule the refresh there (or Setup > Apex Classes > Schedule Apex > InsightSchedule). Setup > Named Credentials > Insight Bridge must have the URL of this app, and Setup > Named Credentials > External Credentials > Insight Bridge > Principals > Service the secret.'

export function bridgeRows(facts: BridgeFacts): Row[] {
  const { now } = facts
  const bridge = (name: string, tried: string) => ({ group: 'The bridge' as const, name, tried })
  return [
    rowOf(
      {
        group: 'The way back',
        name: 'Webhook called by Apex',
        tried: 'Looked when the webhook last answered a call.',
      },
      facts.webhookCalledAt,
      (at) => {
        if (at === undefined) return failed('Salesforce has never called it.', SCHEDULE)
        const age = Math.max(0, now - at)
        const told = `The last call was ${duration(age / 1_000)} ago.`
        return age <= HOUR_MS ? good(told) : failed(told, SCHEDULE)
      },
    ),
    rowOf(bridge('Leader', 'Looked who holds the lease in the database.'), facts.leads, (held) =>
      held
        ? good('A process leads.')
        : failed(
            'No process leads.',
            'Wait 15 seconds. If it stays so, see the log of the app (on Heroku: More > View logs) and restart it.',
          ),
    ),
    rowOf(bridge('Stream live', 'Asked for the state of the subscription.'), facts.status, ({ stream }) => {
      if (stream.state === 'live') return good('Events arrive.')
      const result = `It is ${stream.state}${stream.reason === null ? '' : `: ${stream.reason}`}`
      if (stream.state === 'connecting') return unknown(`${result}.`, 'Look again in a minute.')
      return failed(
        result.endsWith('.') ? result : `${result}.`,
        'Cure the Salesforce rows above that failed; the stream then comes back by itself within a minute.',
      )
    }),
    {
      ...bridge('Mapping and filters', 'Looked at the mapping that the leader read last.'),
      cure: null,
      ...mappingOf(facts),
    },
    {
      ...bridge('Database', 'Looked which database is used.'),
      ...(facts.embedded
        ? unknown(
            'The embedded one, for trying out.',
            'For real use set DATABASE_URL to a PostgreSQL database (on Heroku: Resources > Add-ons > Heroku Postgres).',
          )
        : good('PostgreSQL.')),
      cure: facts.embedded
        ? 'For real use set DATABASE_URL to a PostgreSQL database (on Heroku: Resources > Add-ons > Heroku Postgres).'
        : null,
    },
  ]
}

function mappingOf({ mapping }: BridgeFacts): Finding {
  if (mapping === undefined)
    return unknown(
      'It has not been read yet.',
      'Cure the rows above that failed, then look again in a minute.',
    )
  const { bad, badSettings = [] } = mapping
  const reasons = [
    ...bad.map((row) => `${row.object}: ${row.salesforceField} → ${row.marketoField}: ${row.reason}`),
    ...badSettings.map(({ object, reason }) => `setting of ${object}: ${reason}`),
  ]
  if (reasons.length === 0) return good('No row of yours is bad.')
  return failed(
    `${reasons.join('; ')}.`,
    'Correct these rows in Salesforce Setup > Custom Metadata Types > Marketo Field Mapping (or Marketo Object Setting) > Manage Records; then Settings > Read it now, on this console.',
  )
}
