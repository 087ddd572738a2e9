// One line of a diagnosis.
export interface Check {
  name: string
  ok: boolean
  reason: string
  /** What to do; null where nothing is to be done. */
  advice: string | null
}

export const fine = (name: string, reason: string): Check => ({ name, ok: true, reason, advice: null })

export const wrong = (name: string, reason: string, advice: string): Check => ({
  name,
  ok: false,
  reason,
  advice,
})
