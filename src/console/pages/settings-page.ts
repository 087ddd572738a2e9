// The effective mapping and filters with their source, what both sides describe, and what the mapping makes of one record.
import { z } from 'zod'
import { readState, sendCommand } from '../../database/state.ts'
import type { Db } from '../../database/tables.ts'
import { BridgeError, reasonOf } from '../../errors.ts'
import type { InsightSource } from '../../insights/read-now.ts'
import type { MarketoObject } from '../../marketo/outcome.ts'
import type { Salesforce } from '../../salesforce/connect.ts'
import { objectOf, OBJECTS, toId18, type ObjectName } from '../../salesforce/ids.ts'
import type { Reader } from '../../salesforce/read.ts'
import type { App } from '../../web/app-type.ts'
import { obeyed } from '../commands.ts'
import { MAPPING_KEY, type PublishedMapping } from '../mapping-shape.ts'
import { dryRun, type DryRow, type MappedField } from './dry-run.ts'
import { field } from './fields.ts'
import type { Show } from './pages.ts'

const WITHIN_MS = 12_000
const RELOAD_WITHIN_MS = 10_000

const IN_MARKETO: Record<ObjectName, MarketoObject> = {
  User: 'SalesPerson',
  Account: 'Company',
  Lead: 'Lead',
  Contact: 'Lead',
  Opportunity: 'Opportunity',
  OpportunityContactRole: 'OpportunityRole',
}

export interface SettingsDeps {
  db: Db
  show: Show
  marketo: InsightSource | undefined
  salesforce: (() => Promise<Pick<Reader, 'read'>>) | undefined
  org: (() => Promise<Salesforce>) | undefined
}

interface FieldRow {
  name: string
  about: string
  mapped: string
}

/** A table, or why there is none. */
interface Told<T> {
  rows?: T[]
  message?: string
}

export function settingsPages(app: App, deps: SettingsDeps): void {
  const { db, show, marketo, salesforce, org } = deps
  const config = { access: 'session' } as const

  app.get(
    '/settings',
    { config, schema: { hide: true, querystring: z.object({ object: field(80), id: field(100) }) } },
    async (request, reply) => {
      const mapping = await readState<PublishedMapping>(db, MAPPING_KEY)
      const object = OBJECTS.find((one) => one === request.query.object)
      const { id } = request.query
      return show(request, reply, {
        template: 'settings',
        title: 'Settings',
        data: {
          mapping,
          objects: OBJECTS,
          described: object && {
            object,
            salesforce: await told('Salesforce', () => salesforceFields(object, mapping)),
            marketo: await told('Marketo', () => marketoFields(object, mapping)),
          },
          dry: id === undefined ? undefined : { id, ...(await tryOut(id, mapping)) },
        },
      })
    },
  )

  app.post('/settings/reload', { config, schema: { hide: true } }, async (_request, reply) => {
    const id = await sendCommand(db, { name: 'reload-mapping', arguments: {} })
    const done = await obeyed(db, id, RELOAD_WITHIN_MS)
    return reply.redirect(`/settings?done=${done ? 'reloaded' : 'late'}`, 303)
  })

  async function salesforceFields(object: ObjectName, mapping: PublishedMapping | undefined) {
    if (org === undefined) throw new Error('it is not set up.')
    const { fields } = await (await org()).describe(object, { signal: AbortSignal.timeout(WITHIN_MS) })
    const mapped = mapping?.objects[object].fields ?? []
    return fields.map(({ name, label, type, length }): FieldRow => ({
      name,
      about: `${label}, ${type}${length > 0 ? `(${length})` : ''}`,
      mapped: mapped
        .filter((one) => one.from === name)
        .map(({ to }) => to.name)
        .join(', '),
    }))
  }

  async function marketoFields(object: ObjectName, mapping: PublishedMapping | undefined) {
    if (marketo === undefined) throw new Error('it is not set up.')
    const { objects } = await marketo.schema()
    const mapped = mapping?.objects[object].fields ?? []
    return [...objects[IN_MARKETO[object]].fields.values()].map(
      ({ name, dataType, length, updateable }): FieldRow => ({
        name,
        about: `${dataType}${length === undefined ? '' : `(${length})`}${updateable ? '' : ', not writable'}`,
        mapped: mapped
          .filter(({ to }) => to.name === name)
          .map(({ from }) => from)
          .join(', '),
      }),
    )
  }

  async function tryOut(given: string, mapping: PublishedMapping | undefined): Promise<Told<DryRow>> {
    const id = toId18(given)
    const object = id === undefined ? undefined : objectOf(id)
    if (id === undefined || object === undefined)
      return { message: `"${given}" is no id of a ${OBJECTS.join(', ')}.` }
    if (mapping === undefined) return { message: 'The leader has not read the mapping yet.' }
    if (salesforce === undefined) return { message: 'Salesforce is not set up.' }
    return told('Salesforce', async () => {
      const { fields, reads } = mapping.objects[object]
      const found = await (await salesforce()).read(object, [id], reads, AbortSignal.timeout(WITHIN_MS))
      const reading = found.get(id)
      if (reading === undefined || reading.state === 'unreadable')
        throw new Error(`it does not show ${object} ${id} to the integration user.`)
      // The leader writes the whole target; the shape of the API names only what it answers.
      return dryRun(fields as MappedField[], reading.row)
    })
  }
}

async function told<T>(system: string, ask: () => Promise<T[]>): Promise<Told<T>> {
  try {
    return { rows: await ask() }
  } catch (error) {
    const advice = error instanceof BridgeError ? ` ${error.advice}` : ''
    return { message: `${system} could not be asked: ${reasonOf(error)}${advice}` }
  }
}
