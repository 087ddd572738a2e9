// One line of the set-up checklist.
import type { Told } from '../record-facts.ts'

export interface Row {
  group: 'Salesforce' | 'Marketo' | 'The way back' | 'The bridge'
  name: string
  /** `unknown`: it can't be told yet, or need not be right; only `failed` stops anything. */
  state: 'ok' | 'failed' | 'unknown'
  tried: string
  result: string
  /** What to do, with the menu path; null where nothing is to be done. */
  cure: string | null
}

export interface Finding {
  state: Row['state']
  result: string
  cure?: string | null
}

export const good = (result: string): Finding => ({ state: 'ok', result })
export const failed = (result: string, cure: string): Finding => ({ state: 'failed', result, cure })
export const unknown = (result: string, cure: string | null = null): Finding => ({
  state: 'unknown',
  result,
  cure,
})

/** A row of what was asked: judged where there is an answer, failed with the reason where there is none. */
export function rowOf<T>(
  place: Pick<Row, 'group' | 'name' | 'tried'>,
  told: Told<T>,
  judge: (value: T) => Finding,
  cure?: string,
): Row {
  const finding = told.known ? judge(told.value) : failed(told.reason, cure ?? told.advice)
  return { ...place, cure: null, ...finding }
}
