// GET limits, and the shares of it that the simulator enforces (salesforce §3 "Allocations", §7).

export interface LimitUse {
  max: number
  used: number
}

export function limitsAnswer(
  limits: Record<string, LimitUse>,
): Record<string, { Max: number; Remaining: number }> {
  return Object.fromEntries(
    Object.entries(limits).map(([name, { max, used }]) => [
      name,
      { Max: max, Remaining: Math.max(0, max - used) },
    ]),
  )
}
