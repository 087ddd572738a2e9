// GET stats/… and leads/partitions.json (marketo-rest §2).
import { success } from './answer.ts'
import type { Route } from './call.ts'

export const getUsage =
  (days: number): Route =>
  (_call, { usage }) => ({ run: () => success({ result: usage.usage(days) }) })

export const getErrors =
  (days: number): Route =>
  (_call, { usage }) => ({ run: () => success({ result: usage.errors(days) }) })

export const getPartitions: Route = (_call, { settings }) => ({
  run: () =>
    success({ result: settings.partitions.map((name, nth) => ({ id: nth + 1, name, description: '' })) }),
})
