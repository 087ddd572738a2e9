// Calls and errors per day of the instance, as /stats/ reports them (marketo-rest §2, usage.md).
import { centralDay } from './central-day.ts'

interface Day {
  date: string
  end: number
  calls: Map<string, number>
  total: number
  errors: Map<string, number>
}

export interface Usage {
  today(): number
  count(user: string, calls: number): void
  countError(code: string): void
  usage(days: number): unknown[]
  errors(days: number): unknown[]
}

const DAYS_KEPT = 7

export function createUsage(now: () => number): Usage {
  const days: Day[] = []

  function day(): Day {
    const at = now()
    const latest = days.at(-1)
    if (latest && at < latest.end) return latest
    const started: Day = { ...centralDay(at), calls: new Map(), total: 0, errors: new Map() }
    days.push(started)
    if (days.length > DAYS_KEPT) days.shift()
    return started
  }

  const latest = (count: number) => {
    day()
    return days.slice(-count).toReversed()
  }

  return {
    today: () => day().total,
    count(user, calls) {
      const current = day()
      current.total += calls
      current.calls.set(user, (current.calls.get(user) ?? 0) + calls)
    },
    countError(code) {
      const { errors } = day()
      errors.set(code, (errors.get(code) ?? 0) + 1)
    },
    usage: (count) =>
      latest(count).map(({ date, total, calls }) => ({
        date,
        total,
        users: [...calls].map(([userId, n]) => ({ userId, count: n })),
      })),
    errors: (count) =>
      latest(count).map(({ date, errors }) => ({
        date,
        total: sum(errors),
        errors: [...errors].map(([errorCode, n]) => ({ errorCode, count: n })),
      })),
  }
}

const sum = (counts: Map<string, number>) => [...counts.values()].reduce((all, n) => all + n, 0)
