// Marketo's day: quotas start anew at midnight US Central (marketo-rest §2).
import { DateTime } from 'luxon'

export interface CentralDay {
  date: string
  end: number
}

export function centralDay(at: number): CentralDay {
  const day = DateTime.fromMillis(at, { zone: 'America/Chicago' }).startOf('day')
  return { date: day.toFormat('yyyy-MM-dd'), end: day.plus({ days: 1 }).toMillis() }
}
