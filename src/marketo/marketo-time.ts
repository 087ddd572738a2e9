// Marketo writes times in four ways: 2015-05-07T11:47:30-08:00, …Z, …+0000 without a colon, and …Z+0000 (field-types.md, activities.md).
import { DateTime } from 'luxon'

/** Undefined for what is no time. A date without a time is midnight UTC. */
export function parseMarketoTime(text: string): Date | undefined {
  const plain = text.trim().replace(/Z[+-]00:?00$/, 'Z')
  const time = DateTime.fromISO(plain, { zone: 'utc' })
  return time.isValid ? time.toJSDate() : undefined
}
