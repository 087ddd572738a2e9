// Spreads the calls that are left over the rest of Marketo's day: a token bucket. While it is full a change goes out at once; when
// it isn't, changes gather until a token comes. Only a partial batch takes one: a full batch gains nothing by waiting. Pure.

/** So many partial batches may go at once: a morning's work of a sales team, 1 % of a usual day's quota. */
export const BURST = 500

export interface DayBudget {
  tokens: number
  at: number
}

export interface DayLeft {
  now: number
  callsLeft: number
  /** Marketo's next midnight. */
  endsAt: number
}

export function newDayBudget(now: number): DayBudget {
  return { tokens: BURST, at: now }
}

/** Tokens a millisecond. */
function rateOf({ now, callsLeft, endsAt }: DayLeft): number {
  return Math.max(0, callsLeft) / Math.max(1, endsAt - now)
}

export function refill(budget: DayBudget, left: DayLeft): DayBudget {
  const gained = Math.max(0, left.now - budget.at) * rateOf(left)
  const tokens = Math.min(BURST, Math.max(0, left.callsLeft), budget.tokens + gained)
  return { tokens, at: left.now }
}

/**
 * Asks for the partial batches of a round. `waitMs` is when to ask again: never 0 when it is refused, and not after midnight,
 * when the calls of a new day are there.
 */
export function take(
  budget: DayBudget,
  partialBatches: number,
  left: DayLeft,
): { budget: DayBudget; granted: boolean; waitMs: number } {
  const filled = refill(budget, left)
  // A round larger than the bucket goes when the bucket is full, or it never would.
  const price = Math.min(partialBatches, BURST)
  if (filled.tokens >= price)
    return { budget: { ...filled, tokens: filled.tokens - price }, granted: true, waitMs: 0 }
  const rate = rateOf(left)
  const untilMidnight = Math.max(1, left.endsAt - left.now)
  const waitMs = rate === 0 ? untilMidnight : Math.ceil((price - filled.tokens) / rate)
  return { budget: filled, granted: false, waitMs: Math.max(1, Math.min(waitMs, untilMidnight)) }
}
