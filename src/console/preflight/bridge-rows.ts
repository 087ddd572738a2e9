// The checklist's rows about the bridge itself and the way back. Pure.
import type { Status } from '../status.ts'
import type { Told } from '../record-facts.ts'
import { failed, good, rowOf, unknown, type Row } from './row.ts'

export interface BridgeFacts {
  /** Undefined where nobody serves. */
  status: Told<Status>
  webhookCalledAt: Told<number | undefined>
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
        const minutes = Math.max(0, Math.round((now - at) / 60_000))
        return now - at <= HOUR_MS
          ? good(`Called ${minutes} minutes ago.`)
          : failed(
              `The last call was ${minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`} ago.`,
              SCHEDULE,
            )
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
