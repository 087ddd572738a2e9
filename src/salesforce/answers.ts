// What Salesforce's answers must look like before anything is made of them. Loose: unknown keys pass, other shapes are undefined.
import { z } from 'zod'
import type { HttpAnswer } from './http.ts'
import { toId18 } from './ids.ts'
import { parseJson } from './rest.ts'

export type Row = Record<string, unknown> & { Id: string }

export interface Page<T> {
  records: T[]
  totalSize: number
  /** For `more`; undefined on the last page. */
  next?: string
}

export interface Field {
  name: string
  label: string
  type: string
  length: number
  createable: boolean
  updateable: boolean
  nillable: boolean
}

export interface Describe {
  name: string
  label: string
  fields: Field[]
}

export type Limits = Record<string, { Max: number; Remaining: number }>

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Not copied, as zod's own objects are: a page has up to 2,000 rows. */
const row = z.custom<Record<string, unknown>>(isObject)
const rowWithId = z.custom<Row>((value) => isObject(value) && typeof value.Id === 'string')

const page = z.object({
  records: z.array(row),
  totalSize: z.number(),
  nextRecordsUrl: z.string().startsWith('/').optional(),
})

export function asPage<T>({ text }: HttpAnswer): Page<T> | undefined {
  const { data } = page.safeParse(parseJson(text))
  if (data === undefined) return undefined
  return {
    records: data.records.map(withoutAttributes) as T[],
    totalSize: data.totalSize,
    ...(data.nextRecordsUrl === undefined ? {} : { next: data.nextRecordsUrl }),
  }
}

/** Composite retrieve answers in the order of the ids asked, null for what can't be read. */
export function asRows({ text }: HttpAnswer, ids: string[]): Map<string, Row | null> | undefined {
  const { data } = z.array(rowWithId.nullable()).safeParse(parseJson(text))
  if (data === undefined || data.length !== ids.length) return undefined
  const matches = data.every((row, i) => row === null || toId18(row.Id) === ids[i])
  return matches
    ? new Map(data.map((row, i) => [ids[i]!, row === null ? null : (withoutAttributes(row) as Row)]))
    : undefined
}

const describe = z.object({
  name: z.string(),
  label: z.string().default(''),
  fields: z.array(
    z.object({
      name: z.string(),
      label: z.string().default(''),
      type: z.string(),
      length: z.number().default(0),
      createable: z.boolean().default(false),
      updateable: z.boolean().default(false),
      nillable: z.boolean().default(true),
    }),
  ),
})

export function asDescribe({ text }: HttpAnswer): Describe | undefined {
  return describe.safeParse(parseJson(text)).data
}

export interface DeletedIds {
  ids: string[]
  latestDateCovered: Date
}

const deleted = z.object({
  deletedRecords: z.array(z.object({ id: z.string() })),
  latestDateCovered: z.string(),
})

export function asDeletedIds({ text }: HttpAnswer): DeletedIds | undefined {
  const { data } = deleted.safeParse(parseJson(text))
  const covered = instant(data?.latestDateCovered)
  if (data === undefined || covered === undefined) return undefined
  return { ids: data.deletedRecords.flatMap(({ id }) => toId18(id) ?? []), latestDateCovered: covered }
}

/** Entries that aren't a pair of numbers are left out: the list grows with every release. */
export function asLimits({ text }: HttpAnswer): Limits | undefined {
  const { data } = z.record(z.string(), z.unknown()).safeParse(parseJson(text))
  if (data === undefined) return undefined
  const pair = z.object({ Max: z.number(), Remaining: z.number() })
  return Object.fromEntries(
    Object.entries(data).flatMap(([name, value]) => {
      const parsed = pair.safeParse(value)
      return parsed.success ? [[name, parsed.data]] : []
    }),
  )
}

/** Salesforce writes times as 2026-11-23T09:15:00.000+0000, which not every reader takes; SOQL takes the form with Z. */
export function instant(text: unknown): Date | undefined {
  if (typeof text !== 'string') return undefined
  const date = new Date(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isNaN(date.getTime()) ? undefined : date
}

function withoutAttributes(row: Record<string, unknown>): Record<string, unknown> {
  const { attributes: _, ...fields } = row
  return fields
}
