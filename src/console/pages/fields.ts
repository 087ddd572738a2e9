// What forms and addresses send: one text, trimmed; what was left empty counts as absent, what was given twice counts once.
import { z } from 'zod'

/** NUL is in no text of PostgreSQL. */
export const field = (longest: number) =>
  z.preprocess(
    (value) => {
      const one: unknown = Array.isArray(value) ? value[0] : value
      return typeof one === 'string' && one.trim() !== '' ? one.trim() : undefined
    },
    z
      .string()
      .max(longest, `is longer than ${longest} characters`)
      .refine((value) => !value.includes('\u0000'), 'holds a NUL character')
      .optional(),
  )
