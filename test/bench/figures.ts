// What the benchmark finds out: a figure, the least that could be, where that comes from, and what it has to reach.

export interface Figure {
  scenario: string
  what: string
  value: number
  unit: string
  /** The best that is possible, and where it comes from. */
  floor?: { value: number; from: string }
  atMost?: number
  atLeast?: number
  /** Counts hold on every machine; costs (time, memory) only on one that has nothing else to do, so a small run leaves them out. */
  kind: 'count' | 'cost'
}

export interface Judged extends Figure {
  /** Undefined where nothing is to be reached. */
  ok: boolean | undefined
}

export function judge(figure: Figure): Judged {
  const { value, atMost, atLeast } = figure
  if (atMost === undefined && atLeast === undefined) return { ...figure, ok: undefined }
  return {
    ...figure,
    ok:
      Number.isFinite(value) &&
      (atMost === undefined || value <= atMost) &&
      (atLeast === undefined || value >= atLeast),
  }
}

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
