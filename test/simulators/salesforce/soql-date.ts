// SOQL's named dates as spans of time [from, to), in UTC.

const DAY = 86_400_000

export function namedRange(name: string, n: number, now: number): [from: number, to: number] {
  const today = new Date(now)
  const year = today.getUTCFullYear()
  const month = today.getUTCMonth()
  const day = Date.UTC(year, month, today.getUTCDate())
  const weekStart = day - today.getUTCDay() * DAY
  switch (name) {
    case 'YESTERDAY':
      return [day - DAY, day]
    case 'TOMORROW':
      return [day + DAY, day + 2 * DAY]
    case 'THIS_WEEK':
      return [weekStart, weekStart + 7 * DAY]
    case 'LAST_WEEK':
      return [weekStart - 7 * DAY, weekStart]
    case 'NEXT_WEEK':
      return [weekStart + 7 * DAY, weekStart + 14 * DAY]
    case 'THIS_MONTH':
      return [Date.UTC(year, month), Date.UTC(year, month + 1)]
    case 'LAST_MONTH':
      return [Date.UTC(year, month - 1), Date.UTC(year, month)]
    case 'NEXT_MONTH':
      return [Date.UTC(year, month + 1), Date.UTC(year, month + 2)]
    case 'THIS_YEAR':
      return [Date.UTC(year), Date.UTC(year + 1)]
    case 'LAST_YEAR':
      return [Date.UTC(year - 1), Date.UTC(year)]
    case 'NEXT_YEAR':
      return [Date.UTC(year + 1), Date.UTC(year + 2)]
    case 'LAST_90_DAYS':
      return [day - 90 * DAY, day + DAY]
    case 'NEXT_90_DAYS':
      return [day + DAY, day + 91 * DAY]
    case 'LAST_N_DAYS':
      return [day - n * DAY, day + DAY]
    case 'NEXT_N_DAYS':
      return [day + DAY, day + (n + 1) * DAY]
    case 'N_DAYS_AGO':
      return [day - n * DAY, day - (n - 1) * DAY]
    default:
      return [day, day + DAY]
  }
}
