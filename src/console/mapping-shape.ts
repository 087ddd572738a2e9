// The effective mapping as the leader publishes it (state key 'mapping'), and as an admin reads it.
import { z } from 'zod'
import { OBJECTS, type ObjectName } from '../salesforce/ids.ts'

export const MAPPING_KEY = 'mapping'

/** What this folder needs of the leader's mapping. An older release that still leads leaves out what is new. */
export interface PublishedMapping {
  objects: Record<
    ObjectName,
    {
      active: boolean
      filter: string | null
      fields: { from: string; to: { name: string }; source: 'default' | 'custom'; loss?: string | null }[]
      reads: string[]
    }
  >
  badSettings?: { object: string; filter: string | null; reason: string }[]
  bad: { object: string; salesforceField: string; marketoField: string; reason: string }[]
}

export const mappingShape = z
  .object({
    objects: z.array(
      z.object({
        object: z.enum(OBJECTS),
        active: z.boolean(),
        filter: z.string().nullable(),
        fields: z.array(
          z.object({
            salesforceField: z.string(),
            marketoField: z.string(),
            source: z.enum(['default', 'custom']),
            loss: z.string().nullable().describe('What the pair can not carry over whole.'),
          }),
        ),
      }),
    ),
    bad: z
      .array(
        z.object({
          object: z.string(),
          salesforceField: z.string(),
          marketoField: z.string(),
          reason: z.string(),
        }),
      )
      .describe('Rows of Marketo_Field_Mapping__mdt that are skipped.'),
    badSettings: z
      .array(z.object({ object: z.string(), filter: z.string().nullable(), reason: z.string() }))
      .describe('Rows of Marketo_Object_Setting__mdt that change nothing.'),
  })
  .describe('The effective mapping.')

export function publishedMapping(mapping: PublishedMapping | undefined): z.output<typeof mappingShape> {
  return {
    objects: OBJECTS.flatMap((object) => {
      const found = mapping?.objects[object]
      if (found === undefined) return []
      const fields = found.fields.map(({ from, to, source, loss = null }) => ({
        salesforceField: from,
        marketoField: to.name,
        source,
        loss,
      }))
      return [{ object, active: found.active, filter: found.filter, fields }]
    }),
    bad: mapping?.bad ?? [],
    badSettings: mapping?.badSettings ?? [],
  }
}
