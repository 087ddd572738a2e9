// Is Marketo in step with Salesforce? Compares the states of the two simulators by the contract (design §5): every record in scope once,
// with its parents and values, nobody else's left behind. It knows nothing of the program under test.
import type { MarketoInstance, MarketoOptions } from '../simulators/marketo/index.ts'
import type { Org, Record18 } from '../simulators/salesforce/org.ts'
import { marketoSide, type MarketoSide } from './marketo-side.ts'
import { MAPPED, OBJECTS, ONLY_TRUE, type ObjectName, type Pair } from './objects.ts'
import { refusalsOf, type Refusals } from './refusals.ts'
import { compareFormer, compareKeyless, filledByMerges, survivorOf, type Past } from './removed-persons.ts'
import { compareRoles } from './roles.ts'
import { isBlank, isSame } from './same-value.ts'
import { scopeOf, type LeavesOut, type Scope } from './scope.ts'

export interface InStepOptions extends Partial<Past> {
  /** Records that the service has parked: id → reason. They are refused, not different. */
  parked?: ReadonlyMap<string, string>
  /** What the instance was started with, if its describe is to differ from the default. */
  marketo?: MarketoOptions
  leavesOut?: LeavesOut
  /** The admin's own rows (rule 12), beside or instead of the built-in ones. */
  mapping?: Partial<Record<ObjectName, readonly Pair[]>>
  /** Companies and sales persons that Marketo did not let go (in-use.ts). */
  inUse?: ReadonlySet<string>
}

export interface ObjectInStep {
  /** Records in scope. */
  salesforce: number
  /** Marketo's records under our keys. */
  marketo: number
  refused: number
}

export interface InStep {
  ok: boolean
  objects: Record<ObjectName, ObjectInStep>
  /** One sentence each. */
  differences: string[]
  refusals: Refusals
  /** Salesforce id → Marketo id, of now and of before: `former` of a later check. */
  persons: ReadonlyMap<string, number>
}

export function inStep(org: Org, instance: MarketoInstance, options: InStepOptions = {}): InStep {
  const parked = options.parked ?? new Map<string, string>()
  const past: Past = {
    former: options.former ?? new Map(),
    deletePolicy: options.deletePolicy ?? 'keep',
    made: options.made ?? new Set(),
    unmade: options.unmade ?? new Set(),
    beforeCensus: options.beforeCensus ?? false,
  }
  const scope = scopeOf(org, options.leavesOut)
  const side = marketoSide(instance, options.marketo)
  const refused = refusalsOf(scope, side, parked)
  const findings = { scope, side, refused }
  const roles = compareRoles(instance, findings)
  const keepsBlank = blanksKept(org, instance, past)
  const isUsed = usedInMarketo(instance, options.inUse)

  const differences: string[] = []
  for (const object of OBJECTS) {
    if (object === 'OpportunityContactRole') continue
    const pairs = pairsOf(object, options.mapping)
    for (const row of scope.records[object].values())
      differences.push(...compareRecord(object, row, pairs, findings, keepsBlank))
    for (const id of side.rows[object].keys()) {
      if (scope.records[object].has(id) || scope.isUnreadable(id) || parked.has(id)) continue
      if (isUsed(object, id) || (past.beforeCensus && isLeftToCensus(org, object, id))) continue
      differences.push(`${object} ${id} is in Marketo and does not belong there: ${whyNot(org, object, id)}`)
    }
  }
  differences.push(...roles.differences)
  differences.push(...compareFormer(org, instance, { scope, side, past }))
  differences.push(...compareKeyless(instance, past))
  return {
    ok: differences.length === 0,
    objects: countsOf(findings, roles.inMarketo),
    differences,
    refusals: refused,
    persons: new Map([...past.former, ...personsOf(side)]),
  }
}

interface Findings {
  scope: Scope
  side: MarketoSide
  refused: Refusals
}

type KeepsBlank = (leadId: number, field: string) => boolean

function compareRecord(
  object: ObjectName,
  row: Record18,
  pairs: readonly Pair[],
  { scope, side, refused }: Findings,
  keepsBlank: KeepsBlank,
): string[] {
  const who = `${object} ${row.Id}`
  const rows = side.rows[object].get(row.Id) ?? []
  const differences = rows.length > 1 ? [`${who} is in Marketo ${rows.length} times`] : []
  if (refused.has(row.Id)) return differences
  if (rows.length === 0) return [`${who} is not in Marketo`]
  const { marketo, parents } = MAPPED[object]
  const { fields } = side.schemas[marketo]
  for (const held of rows) {
    const isKept = (field: string): boolean => marketo === 'leads' && keepsBlank(Number(held.id), field)
    for (const [from, to] of pairs) {
      const target = fields.get(to)
      const said = row[from] ?? null
      // A sales person's e-mail is written whatever describe says of it: MSI needs it.
      if (!target || !(from in row) || (target.updateable === false && to !== 'email')) continue
      if (ONLY_TRUE.has(to) && said !== true) continue
      if (isSame(said, held.fields[to], target) || (isBlank(said) && isKept(to))) continue
      differences.push(
        `${who}: ${to} is ${quote(held.fields[to])} in Marketo, ${from} is ${quote(said)} in Salesforce`,
      )
    }
    for (const { from, object: parent, to } of parents) {
      const said = row['IsPersonAccount'] === true && parent === 'Account' ? null : (row[from] ?? null)
      const id = typeof said === 'string' && isReferenced(scope, parent, said) ? said : null
      // A parent that is missing is told once, at the parent.
      if (id !== null && !side.has(parent, id)) continue
      const now = held.fields[to] ?? null
      if (now === id || (id === null && isKept(to))) continue
      // A person can be moved to another company in Marketo, never detached (rule 5).
      if (id === null && object === 'Contact' && parent === 'Account' && side.has(parent, String(now)))
        continue
      differences.push(`${who}: ${to} is ${quote(now)} in Marketo and should be ${quote(id)}`)
    }
  }
  return differences
}

const isReferenced = (scope: Scope, parent: ObjectName, id: string): boolean =>
  scope.records[parent].has(id) || scope.isUnreadable(id)

function quote(value: unknown): string {
  const text = JSON.stringify(value ?? null)
  return text.length > 80 ? `${text.slice(0, 80)}…"` : text
}

function pairsOf(object: ObjectName, mapping: InStepOptions['mapping']): readonly Pair[] {
  const own = mapping?.[object] ?? []
  return [...MAPPED[object].fields.filter(([, to]) => !own.some(([, target]) => target === to)), ...own]
}

/** Adopting a person erases nothing (rule 4): what marketers, another record or a merge put there stays where Salesforce is blank. */
function blanksKept(org: Org, instance: MarketoInstance, past: Past): KeepsBlank {
  const filled = filledByMerges(instance)
  const inherited = new Set<number>()
  for (const [id, leadId] of past.former) {
    const key = instance.leads.get(leadId)?.fields.externalPersonId
    if (typeof key === 'string' && key !== id && survivorOf(org, id) !== key) inherited.add(leadId)
  }
  return (leadId, field) =>
    past.made.has(leadId) ||
    inherited.has(leadId) ||
    (field !== 'externalSalesPersonId' && filled.get(leadId)?.has(field) === true)
}

/** Marketo keeps companies and sales persons that something there still names (1022, rule 5). */
function usedInMarketo(
  instance: MarketoInstance,
  inUse: ReadonlySet<string> = new Set(),
): (object: ObjectName, id: string) => boolean {
  const used = new Set<unknown>()
  for (const rows of [instance.leads, instance.companies, instance.opportunities])
    for (const { fields } of rows.values()) {
      used.add(fields.externalSalesPersonId)
      if (rows !== instance.companies) used.add(fields.externalCompanyId)
    }
  return (object, id) => (object === 'User' || object === 'Account') && (used.has(id) || inUse.has(id))
}

/** Nothing tells of a hard delete, nor of a user who has lost the last record: the daily census does. */
const isLeftToCensus = (org: Org, object: ObjectName, id: string): boolean =>
  object === 'User' || !org.get(object, id)

function whyNot(org: Org, object: ObjectName, id: string): string {
  const row = org.get(object, id)
  if (!row) return 'Salesforce has no such record'
  if (typeof row['MasterRecordId'] === 'string') return `it was merged into ${row['MasterRecordId']}`
  if (row['IsDeleted'] === true) return 'it is deleted in Salesforce'
  if (row['IsConverted'] === true) return `it was converted to ${String(row['ConvertedContactId'])}`
  return 'it is out of scope in Salesforce'
}

function countsOf({ scope, side, refused }: Findings, roles: number): InStep['objects'] {
  const rowsOf = (object: ObjectName): number =>
    [...side.rows[object].values()].reduce((sum, rows) => sum + rows.length, 0)
  return Object.fromEntries(
    OBJECTS.map((object) => [
      object,
      {
        salesforce: scope.records[object].size,
        marketo: object === 'OpportunityContactRole' ? roles : rowsOf(object),
        refused: [...scope.records[object].keys()].filter((id) => refused.has(id)).length,
      },
    ]),
  ) as InStep['objects']
}

function personsOf(side: MarketoSide): [string, number][] {
  return (['Lead', 'Contact'] as const).flatMap((object) =>
    [...side.rows[object]].flatMap(([id, rows]): [string, number][] =>
      rows.length === 1 ? [[id, Number(rows[0]!.id)]] : [],
    ),
  )
}
