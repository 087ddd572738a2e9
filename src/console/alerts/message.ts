// An alert as it is sent: a text as Slack shows it, and the same as plain fields for anything else. Pure.
import { duration } from '../pages/words.ts'
import type { Alert } from './incidents.ts'

export interface Message {
  text: string
  /** The same for a message that is sent again, so that a receiver can tell. */
  id: string
  event: Alert['event']
  system: string
  code: string
  reason: string
  advice: string
  /** ISO time of the first sighting. */
  since: string
  /** Where the console tells more; null where APP_URL is not set. */
  link: string | null
}

export function messageOf({ key, event, incident }: Alert, appUrl: string | undefined, now: number): Message {
  const { system, code, advice, page, since, toldAt } = incident
  const reason = cut(incident.reason)
  const link = appUrl === undefined ? null : `${appUrl}${page}`
  const lasted = duration((now - since) / 1_000)
  const sentences = {
    begun: [reason, `What to do: ${advice}`],
    lasts: [`Still, for ${lasted}:`, reason, `What to do: ${advice}`],
    over: [`Over after ${lasted}:`, reason],
  }[event]
  const day = event === 'lasts' ? `/${toldAt}` : ''
  return {
    text: escape(['Sales Insight Bridge:', ...sentences, link ?? ''].join(' ').trimEnd()),
    id: `${key}/${since}/${event}${day}`,
    event,
    system,
    code,
    reason,
    advice,
    since: new Date(since).toISOString(),
    link,
  }
}

/** Slack takes 40,000 signs; nobody reads more than this on a phone. */
const LONGEST_REASON = 1_000

const cut = (text: string): string =>
  text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text

/** Slack's three special signs: a reason may quote what a stranger wrote, and must not call a whole channel. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
