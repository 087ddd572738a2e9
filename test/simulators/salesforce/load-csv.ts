// Loads a Salesforce "Data Export" (one CSV file per object, columns named as fields) into the org, without
// events. What can't be loaded is named with file, line and reason; the rest goes in.

import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { parse, type Info } from 'csv-parse'
import { DmlError } from './dml-error.ts'
import type { Fields } from './dml-save.ts'
import type { Org } from './org.ts'
import { to18 } from './record-id.ts'
import type { ObjectType } from './schema.ts'

export interface Notice {
  kind: 'missing-file' | 'unknown-columns' | 'broken-row'
  file: string
  line?: number
  reason: string
}

export interface Loaded {
  counts: Record<string, number>
  notices: Notice[]
}

/** Parents first; nothing depends on it, but a reader of the log expects it. */
const OBJECTS = ['User', 'Account', 'Contact', 'Lead', 'Opportunity', 'OpportunityContactRole']

export async function loadExport(
  org: Org,
  folder: string,
  options: { onNotice?: (notice: Notice) => void } = {},
): Promise<Loaded> {
  const notices: Notice[] = []
  const notify = (notice: Notice) => {
    notices.push(notice)
    options.onNotice?.(notice)
  }
  const counts: Record<string, number> = {}
  for (const object of OBJECTS) {
    const file = `${object}.csv`
    counts[object] = 0
    if (!existsSync(join(folder, file))) {
      notify({ kind: 'missing-file', file, reason: `${file} is missing: the org has no ${object} rows` })
      continue
    }
    counts[object] = await loadFile(org, org.schema.require(object), join(folder, file), file, notify)
  }
  return { counts, notices }
}

async function loadFile(
  org: Org,
  type: ObjectType,
  path: string,
  file: string,
  notify: (notice: Notice) => void,
): Promise<number> {
  let loaded = 0
  let columns: Column[] | undefined
  let line = 1
  const refuse = (at: number, reason: string) => notify({ kind: 'broken-row', file, line: at, reason })

  const parser = createReadStream(path).pipe(
    parse({
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
    }),
  )
  // A row with two faults is skipped twice, and named once.
  let skipped = 0
  parser.on('skip', (error: Error & { lines?: number }) => {
    const at = error.lines ?? line
    if (at !== skipped) refuse(at, error.message)
    skipped = at
  })
  for await (const item of parser) {
    const { info, record } = item as { info: Info; record: string[] }
    // `lines` is where the row ends; a value with line breaks makes it start earlier.
    const start = line
    line = info.lines + 1
    if (!columns) {
      columns = readHeader(type, file, record, notify)
      continue
    }
    if (record.length !== columns.length) {
      refuse(start, `${record.length} values for ${columns.length} columns`)
      continue
    }
    const reason = loadRow(org, type, columns, record)
    if (reason === undefined) loaded++
    else refuse(start, reason)
  }
  return loaded
}

type Column = string | undefined

/** Unknown columns are left out, with one notice for all of them. */
function readHeader(
  type: ObjectType,
  file: string,
  header: string[],
  notify: (notice: Notice) => void,
): Column[] {
  const columns = header.map((name) => type.field(name.trim())?.name)
  const unknown = header.filter((_name, i) => columns[i] === undefined)
  if (unknown.length > 0) {
    const reason = `columns that the simulated ${type.name} does not have are ignored: ${unknown.join(', ')}`
    notify({ kind: 'unknown-columns', file, line: 1, reason })
  }
  return columns
}

/** The reason why the row was not loaded, if so. */
function loadRow(org: Org, type: ObjectType, columns: Column[], record: string[]): string | undefined {
  const fields: Fields = {}
  for (const [i, name] of columns.entries()) if (name !== undefined) fields[name] = record[i]
  const given = String(fields['Id'] ?? '').trim()
  if (given === '') return 'no Id'
  const id = to18(given)
  if (!id) return `${given} is no Salesforce id`
  if (org.table(type.name).get(id)) return `${id} is there already`
  try {
    org.insert(type.name, { ...fields, Id: id }, { silent: true })
  } catch (error) {
    if (error instanceof DmlError) return error.message
    throw error
  }
  ensureQueue(org, fields['OwnerId'])
  return undefined
}

/** An owner 00G… is a queue; the export has no file for those. */
function ensureQueue(org: Org, owner: unknown): void {
  const id = typeof owner === 'string' && owner.startsWith('00G') ? to18(owner) : undefined
  if (!id || org.table('Group').get(id)) return
  const name = `Queue ${org.table('Group').size() + 1}`
  org.insert(
    'Group',
    { Id: id, Name: name, DeveloperName: name.replace(' ', '_'), Type: 'Queue' },
    { silent: true },
  )
}
