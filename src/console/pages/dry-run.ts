// What the mapping makes of one record, without sending anything. Pure.
import { isOnlyTrue } from '../../sync/objects/definition.ts'
import { convert, type TargetField } from '../../sync/values.ts'

export interface MappedField {
  from: string
  to: TargetField
  source: 'default' | 'custom'
}

export interface DryRow {
  from: string
  given: string
  to: string
  sent: string
  note: string | null
}

export function dryRun(fields: MappedField[], row: Record<string, unknown>): DryRow[] {
  return fields.map(({ from, to }) => {
    const given = row[from]
    const { value, note } = convert(given, to)
    return { from, given: textOf(given), to: to.name, sent: sentOf(to.name, value), note: note ?? null }
  })
}

/** Opting in again is a person's own act: these are sent only as true (design, rule 4). */
function sentOf(name: string, value: unknown): string {
  if (isOnlyTrue(name) && value === false) return 'not sent: only true is'
  return value === null ? 'blank' : textOf(value)
}

function textOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'blank'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
