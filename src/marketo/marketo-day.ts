// Marketo's day: its quota starts anew at midnight US Central ("12:00AM CST", and by the wall clock there, so with daylight saving).
import { DateTime } from 'luxon'

const ZONE = 'America/Chicago'

export interface MarketoDay {
  /** As usage.json writes it: 2026-11-23. */
  date: string
  /** Milliseconds of the epoch; the end is the next day's start. */
  start: number
  end: number
}

export function marketoDayOf(now: number): MarketoDay {
  const start = DateTime.fromMillis(now, { zone: ZONE }).startOf('day')
  return {
    date: start.toFormat('yyyy-MM-dd'),
    start: start.toMillis(),
    end: start.plus({ days: 1 }).startOf('day').toMillis(),
  }
}
